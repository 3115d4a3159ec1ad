/** The displayed name of a table. Pure. */

/**
 * The table's number; with its zone if another table of the restaurant has the same number.
 * @param {{table_id?: number | null, table_number: string, zone?: string | null}} reference a table, or an order or
 *   notification that refers to one
 * @param {{table_id: number, table_number: string, zone: string}[]} [tables] all tables of the restaurant
 */
export function tableName({ table_id, table_number, zone }, tables = []) {
  const same = tables.filter((table) => table.table_number === table_number);
  if (same.length < 2) return table_number;
  const tableZone = zone ?? same.find((table) => table.table_id === table_id)?.zone;
  return tableZone ? `${table_number} · ${tableZone}` : table_number;
}
