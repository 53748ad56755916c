// The areas of text. An area is one pair of files: zh/<area>.ts and en/<area>.ts.
import type { more } from './more';
import type account from './zh/account';
import type admin from './zh/admin';
import type app from './zh/app';
import type calendar from './zh/calendar';
import type call from './zh/call';
import type deeds from './zh/deeds';
import type desk from './zh/desk';
import type guest from './zh/guest';
import type opinion from './zh/opinion';
import type problems from './zh/problems';
import type record from './zh/record';
import type request from './zh/request';
import type terms from './zh/terms';

type Texts = typeof app &
  typeof account &
  typeof admin &
  typeof calendar &
  typeof call &
  typeof deeds &
  typeof desk &
  typeof guest &
  typeof opinion &
  typeof problems &
  typeof record &
  typeof request &
  typeof terms;
export type Key = keyof Texts;
export type Area = keyof typeof near | keyof typeof more;

type Loader = () => Promise<{ default: Partial<Record<Key, string>> }>;
type Pair = Record<'zh-CN' | 'en', Loader>;
export const pair = (zh: Loader, en: Loader): Pair => ({ 'zh-CN': zh, en });

const near = {
  /** Always there: navigation, problems without a link, the case with its lobby and its call. */
  app: pair(
    () => import('./zh/app'),
    () => import('./en/app'),
  ),
  /** Sign-in, account, reset, enrolment. */
  account: pair(
    () => import('./zh/account'),
    () => import('./en/account'),
  ),
  /** What a call shows later: messages, people, devices, the end; and the ring. */
  call: pair(
    () => import('./zh/call'),
    () => import('./en/call'),
  ),
  /** The dialogs of a case. */
  deeds: pair(
    () => import('./zh/deeds'),
    () => import('./en/deeds'),
  ),
  /** A consult as an interpreter or observer sees it. */
  guest: pair(
    () => import('./zh/guest'),
    () => import('./en/guest'),
  ),
  /** Problems in words; loaded when the first one happens. */
  problems: pair(
    () => import('./zh/problems'),
    () => import('./en/problems'),
  ),
  /** What happened, consent, opinion, decision, outcome, people of a case. */
  record: pair(
    () => import('./zh/record'),
    () => import('./en/record'),
  ),
  /** Words for roles, seats and specialties, and what lists and forms say: everywhere but on the way into a call. */
  terms: pair(
    () => import('./zh/terms'),
    () => import('./en/terms'),
  ),
};

/** Those of other pages than a case and its call come with the pages: see more-pages.ts. */
export const areas = near as Record<Area, Pair>;
