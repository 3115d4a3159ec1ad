// Unit tests of the guests' menu: prices, options, allergens and languages.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { canBeWithout, filterCategories } from '../../../web/guest/allergen-filter.js';
import { allergensOf } from '../../../web/shared/menu/line-allergens.js';
import { inLanguage, languageFor, languagesOf } from '../../../web/shared/menu/menu-language.js';
import { times } from '../../../web/shared/menu/money.js';
import { chosenAfter, inputOf, isScarce, isValid, itemsOf, lineKey, mostOf, needsChoice, optionsOf, unitPrice } from '../../../web/shared/menu/pricing.js';

const option = (id, name, fields = {}) => ({
  id, name, price: '0.00', available: true, allergens: [], max_each: 1, translations: {}, ...fields,
});
const [RARE, MEDIUM, BUTTER, CHEESE, SMALL] = [1, 2, 3, 4, 5];
const MENU = {
  categories: [{
    name: 'Grill',
    translations: { de: { name: 'Vom Grill', description: '' } },
    items: [
      {
        id: 1, name: 'Steak', description: 'Of beef', price: '24.00', available: true, allergens: ['celery'],
        translations: { de: { name: 'Rumpsteak', description: '' } }, option_group_ids: [1, 2],
      },
      { id: 2, name: 'Bread', description: '', price: '2.00', available: true, allergens: [], translations: {}, option_group_ids: [3] },
      { id: 3, name: 'Stew', description: '', price: '9.00', available: true, allergens: null, translations: {}, option_group_ids: [] },
    ],
  }],
  option_groups: [
    { id: 1, name: 'Degree', min: 1, max: 1, translations: {}, options: [option(RARE, 'Rare'), option(MEDIUM, 'Medium')] },
    {
      id: 2, name: 'Extras', min: 0, max: 3, translations: {}, options: [
        option(BUTTER, 'Butter', { price: '1.50', allergens: ['milk'], max_each: 2 }),
        option(CHEESE, 'Cheese', { price: '0.10', allergens: null }),
      ],
    },
    { id: 3, name: 'Size', min: 0, max: 2, translations: {}, options: [option(SMALL, 'Small', { price: '-3.00' })] },
  ],
};
const [steak, bread, stew] = itemsOf(inLanguage(MENU, '')).values();
const chosen = (...ids) => ids.map((option_id) => ({ option_id, quantity: 1 }));

test('a line costs its item and options, at least zero, times its quantity', () => {
  assert.equal(unitPrice(steak, chosen(MEDIUM, BUTTER)), '25.50');
  assert.equal(times(unitPrice(steak, [{ option_id: BUTTER, quantity: 2 }, ...chosen(CHEESE)]), 3), '81.30');
  assert.equal(unitPrice(bread, chosen(SMALL)), '0.00');
});

test('equal choices have the same key in any order, and a plain item has its id as before', () => {
  assert.equal(lineKey({ menu_item_id: 1, options: chosen(3, 2) }), lineKey({ menu_item_id: 1, options: chosen(2, 3) }));
  assert.notEqual(lineKey({ menu_item_id: 1, options: chosen(2) }), lineKey({ menu_item_id: 1, options: chosen(3) }));
  assert.equal(lineKey({ menu_item_id: 1 }), '1');
  assert.equal(lineKey({ menu_item_id: 1, options: [] }), '1');
});

test('choices are limited by minimum, maximum and availability', () => {
  assert.deepEqual([steak, bread, stew].map(needsChoice), [true, false, false]);
  assert.equal(isValid(steak, chosen(MEDIUM)), true);
  assert.equal(isValid(steak, chosen(BUTTER)), false);
  assert.equal(isValid(steak, chosen(RARE, MEDIUM)), false);
  assert.equal(isValid(steak, [...chosen(MEDIUM), { option_id: BUTTER, quantity: 3 }]), false);
  assert.equal(isValid(steak, chosen(MEDIUM, 99)), false);
  const [degree] = steak.groups;
  const soldOut = { ...steak, groups: [{ ...degree, options: degree.options.map((each) => ({ ...each, available: false })) }] };
  assert.equal(isValid(soldOut, chosen(MEDIUM)), false);
});

test('a quantity is limited by the portions that are left, which are shown if they are few', () => {
  const item = (portions, available = true) => ({ portions, available });
  assert.deepEqual([undefined, null, 3, 200].map((portions) => mostOf(item(portions))), [99, 99, 3, 99]);
  assert.deepEqual([null, 6, 5, 1].map((portions) => isScarce(item(portions))), [false, false, true, true]);
  assert.equal(isScarce(item(3, false)), false);
  const category = { name: 'Food', items: [{ id: 1, name: 'Soup', available: true, portions: 0 }] };
  const [{ items: [soup] }] = inLanguage({ categories: [category] }, '').categories;
  assert.equal(soup.available, false);
});

test('a group is radio buttons for one choice, check boxes for one of each, otherwise steppers', () => {
  assert.deepEqual([...steak.groups, ...bread.groups].map(inputOf), ['radio', 'stepper', 'checkbox']);
  const [degree, extras] = steak.groups;
  assert.deepEqual(chosenAfter(chosen(RARE, BUTTER), degree, MEDIUM, 1), chosen(BUTTER, MEDIUM));
  assert.deepEqual(chosenAfter(chosen(RARE, BUTTER), extras, BUTTER, 0), chosen(RARE));
});

test('the allergens of a line are those of its parts, and unknown if those of a part are', () => {
  const optionsFor = (...ids) => ids.map((id) => optionsOf(steak).get(id));
  assert.deepEqual(allergensOf(steak, optionsFor(MEDIUM, BUTTER)), ['celery', 'milk']);
  assert.equal(allergensOf(steak, optionsFor(CHEESE)), null);
  assert.deepEqual(allergensOf(bread, []), []);
  assert.equal(allergensOf(stew, []), null);
});

test('a filter hides dishes with an allergen and dishes without declared allergens', () => {
  assert.deepEqual([steak, bread, stew].map((item) => canBeWithout(item, ['milk'])), [true, true, false]);
  assert.deepEqual([steak, bread, stew].map((item) => canBeWithout(item, ['celery'])), [false, true, false]);
  assert.deepEqual([steak, bread, stew].map((item) => canBeWithout(item, [])), [true, true, true]);
  const [degree] = steak.groups;
  const breaded = { ...degree, options: degree.options.map((each) => ({ ...each, allergens: ['gluten'] })) };
  assert.equal(canBeWithout({ ...steak, groups: [breaded] }, ['gluten']), false);
  const { categories, hidden } = filterCategories(inLanguage(MENU, '').categories, ['celery']);
  assert.deepEqual([categories.map(({ items }) => items.length), hidden], [[1], 2]);
});

test('a menu is shown in one of its languages, with untranslated texts as written', () => {
  assert.deepEqual(languagesOf(MENU), ['de']);
  assert.equal(languageFor(['de', 'pt-BR'], 'de-AT'), 'de');
  assert.equal(languageFor(['de', 'pt-BR'], 'pt'), 'pt-BR');
  assert.equal(languageFor(['de'], 'en'), '');
  const [{ name, items: [first, second] }] = inLanguage(MENU, 'de').categories;
  assert.deepEqual([name, first.name, first.description, first.lang], ['Vom Grill', 'Rumpsteak', 'Of beef', 'de']);
  assert.deepEqual([second.name, second.lang], ['Bread', undefined]);
});

test('dishes of a menu of an earlier release have no options', () => {
  const earlier = { categories: [{ name: 'All', items: [{ id: 1, name: 'Soup', description: '', price: '4.00', available: true }] }] };
  const [soup] = itemsOf(inLanguage(earlier, '')).values();
  assert.deepEqual([languagesOf(earlier), soup.groups, isValid(soup, []), allergensOf(soup, [])], [[], [], true, null]);
});
