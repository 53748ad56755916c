import { expect, test } from 'vitest';
import { match, open } from './routes';

const id = '019abcde-0000-7000-8000-000000000001';

test.each([
  ['/', { page: 'desk' }],
  ['/consults/new', { page: 'new' }],
  [`/consults/${id}`, { page: 'consult', id }],
  [`/consults/${id}/`, { page: 'consult', id }],
  [`/consults/${id}/room`, { page: 'room', id }],
  [`/consults/${id}/print`, { page: 'print', id }],
  [`/consults/${id}/secret`, { page: 'missing' }],
  ['/consults/1', { page: 'missing' }],
  ['/nowhere', { page: 'missing' }],
])('%s', (path, route) => expect(match(path)).toEqual(route));

test('only the doors are open without a session', () => {
  const doors = ['/sign-in', '/reset', '/enrol', '/', '/people', `/consults/${id}`].filter((path) =>
    open(match(path)),
  );
  expect(doors).toEqual(['/sign-in', '/reset', '/enrol']);
});
