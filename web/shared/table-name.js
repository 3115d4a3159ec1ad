/** How a table is called. Pure. */

/**
 * Its number; with its zone if another table of the restaurant has the same number.
 * @param {{table_id?: number | null, table_number: string, zone?: string | null}} at a table, or what names one
 * @param {{table_id: number, table_number: string, zone: string}[]} [tables] of the restaurant
 */
export function tableName({ table_id, table_number, zone }, tables = []) {
  const same = tables.filter((table) => table.table_number === table_number);
  if (same.length < 2) return table_number;
  const where = zone ?? same.find((table) => table.table_id === table_id)?.zone;
  return where ? `${table_number} · ${where}` : table_number;
}
