// A restaurant with a menu as large as real ones are: ten categories and sixty dishes, some with
// long names, a description or no more of them, and tables with one order each.
import { SERVICE } from './house.mjs';

const CATEGORIES = [
  'Starters', 'Soups', 'Salads', 'Pasta and rice', 'From the grill', 'Fish and seafood', 'Vegetarian and vegan dishes',
  'Side dishes', 'Desserts and cheese', 'Wine by the glass and by the bottle',
];
const DISHES_EACH = 6;

const named = (category, number) =>
  number === 3 ? `${category}: the chef’s recommendation of the day` : `${category} no. ${number}`;

export const LARGE_MENU = CATEGORIES.map((name, at) => ({
  name,
  items: Array.from({ length: DISHES_EACH }, (_, index) => ({
    name: named(name, index + 1),
    description: index % 2 === 0 ? 'With herbs of the garden, butter, lemon and freshly baked bread' : '',
    price: `${4 + at * 3 + index}.50`,
  })),
}));

/**
 * A new restaurant with that menu, a waiter and four tables: an order of six dishes at the first two,
 * the second one ready to be served.
 */
export async function aLargeRestaurant({ http, token }) {
  const described = { name: 'Gasthaus zum Goldenen Löwen', currency: 'EUR', timezone: 'Europe/Vienna' };
  const { restaurant_id: id } = await http.post('/restaurants', described);
  await http.put(`/restaurants/${id}/menu`, { categories: LARGE_MENU });
  const { data: menu } = await http.get(`/restaurants/${id}/menu`);
  const dishes = menu.categories.flatMap(({ items }) => items);
  await http.patch(`/restaurants/${id}/menu/items/${dishes[4].id}`, { available: false });
  const { waiter_id } = await http.post(`/restaurants/${id}/waiters`, { name: 'Maximiliane' });
  const tables = [];
  for (const number of ['1', '2', '3', '4']) {
    const table = { number, zone: 'Garden', seats: 4, waiter_id };
    tables.push((await http.post(`/restaurants/${id}/tables`, table)).table_id);
  }
  const sessions = [];
  for (const table of tables.slice(0, 2)) {
    const { session_id } = await http.post(`/tables/${table}/sessions`, { guests_count: 2 });
    const items = dishes.slice(5, 11).map((dish) => ({ menu_item_id: dish.id, quantity: 2, notes: 'Without garlic' }));
    const { order_id } = await http.post(`/sessions/${session_id}/orders`, { items });
    await http.patch(`/orders/${order_id}`, { status: 'confirmed' });
    if (sessions.length > 0) await http.patch(`/orders/${order_id}`, { status: 'ready' });
    sessions.push(session_id);
  }
  const scans = await Promise.all(tables.map(async (table) => (await http.get(`/tables/${table}/code`)).url));
  const signed = `#token=${token}`;
  return {
    id, waiter_id, tables, sessions, dishes, scans,
    kitchen: `${SERVICE}/kitchen/?restaurant=${id}${signed}`,
    waiter: `${SERVICE}/waiter/?waiter=${waiter_id}${signed}`,
    manager: `${SERVICE}/manager/?restaurant=${id}${signed}`,
  };
}
