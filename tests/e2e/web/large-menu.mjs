// A restaurant with a menu of realistic size: ten categories and sixty dishes, some with long names,
// a description, or sold out, and tables with an order.
import { SERVICE } from './harness.mjs';

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
 * Create a restaurant with that menu, a waiter and four tables. The first two tables have an order of six
 * dishes; the second order is ready.
 */
export async function createLargeRestaurant({ http, token }) {
  const body = { name: 'Gasthaus zum Goldenen Löwen', currency: 'EUR', timezone: 'Europe/Vienna' };
  const { restaurant_id: id } = await http.post('/restaurants', body);
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
  const tokenFragment = `#token=${token}`;
  return {
    id, waiter_id, tables, sessions, dishes, scans,
    kitchen: `${SERVICE}/kitchen/?restaurant=${id}${tokenFragment}`,
    waiter: `${SERVICE}/waiter/?waiter=${waiter_id}${tokenFragment}`,
    manager: `${SERVICE}/manager/?restaurant=${id}${tokenFragment}`,
  };
}
