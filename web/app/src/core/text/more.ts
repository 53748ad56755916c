// The areas that no case and no call has text of.
import { pair } from '.';

export const more = {
  /** People, audit, quality. */
  admin: pair(
    () => import('./zh/admin'),
    () => import('./en/admin'),
  ),
  calendar: pair(
    () => import('./zh/calendar'),
    () => import('./en/calendar'),
  ),
  /** Desk of each role, duty roster. */
  desk: pair(
    () => import('./zh/desk'),
    () => import('./en/desk'),
  ),
  /** Opinion: writing, signing, paper. */
  opinion: pair(
    () => import('./zh/opinion'),
    () => import('./en/opinion'),
  ),
  /** Request form, start now. */
  request: pair(
    () => import('./zh/request'),
    () => import('./en/request'),
  ),
};
