// One call on a link: the hospital is in it already, the clinic comes in cold.
import { setTimeout as after } from 'node:timers/promises';
import { callRuns, does, takesDuty } from '../support/cases';
import { logins } from '../support/partnership';
import { Person } from '../support/person';
import type { Link } from './emulator';
import { during, pictureAfter, quantile, soundAfter, type Figures } from './figures';
import type { Notes } from './instruments';
import type { Site } from './site';

export interface Sides<T> {
  clinic: T;
  hospital: T;
}

const look = 200; // ms between two looks

export class Call {
  private constructor(
    private readonly site: Site,
    private readonly hospital: Person,
    private readonly clinic: Person,
    private readonly consult: string,
    private readonly began: number,
  ) {}

  /** Begins to navigate at the clinic, with nothing in its caches and no connection open. */
  static async begin(site: Site, link: Link): Promise<Call> {
    await site.link.becomes({});
    const hospital = await Person.signIn(site, logins.hospital, site.computer('hospital'));
    await takesDuty(hospital, site.department);
    // The clinic's doctor signs in elsewhere, so that nothing of the app is at the clinic yet.
    const elsewhere = await Person.signIn(site, logins.clinic, site.computer('hospital'));
    const consult = await callRuns(elsewhere, hospital, site.department);
    const cookies = await elsewhere.context.cookies();
    await elsewhere.leave();

    await hospital.opens(`/consults/${consult}/room`);
    await hospital.page.getByRole('toolbar', { name: hospital.say('room.bar') }).waitFor();
    const clinic = await Person.sitsDown(site, logins.clinic, site.computer('clinic'));
    await clinic.context.addCookies(cookies);
    await site.link.becomes(link);
    const began = Date.now();
    // The call may be up before everything is loaded; a link that is too bad shows in the figures.
    void clinic.page.goto(`${site.url}/consults/${consult}/room`, { timeout: 0 }).catch(() => undefined);
    return new Call(site, hospital, clinic, consult, began);
  }

  /** Waits until both hear and see each other, and tells how long it took from navigation. */
  async up(want: ('sound' | 'picture')[], within: number): Promise<Sides<Figures>> {
    return this.back('', this.began, want, within);
  }

  /** Waits until both hear what is said from now on. */
  async again(within: number): Promise<Sides<Figures>> {
    return this.back('', Date.now(), ['sound'], within);
  }

  /** Waits until the clinic has asked for lost sound and sent its own again; whether it did. */
  async mends(within: number): Promise<boolean> {
    for (const begin = Date.now(); Date.now() < begin + within; await after(look)) {
      const last = (await this.notes()).clinic.heard.at(-1);
      if (last && last.asked > 0 && last.again > 0) return true;
    }
    return false;
  }

  /** A stretch of a call that goes on. */
  async steady(ms: number): Promise<Sides<Figures>> {
    const begin = Date.now();
    const queues: Sides<number[]> = { clinic: [], hospital: [] };
    while (Date.now() < begin + ms) {
      const { up, down } = await this.site.link.stats();
      queues.clinic.push(down.queue);
      queues.hospital.push(up.queue);
      await after(look);
    }
    const end = Date.now();
    const { clinic, hospital } = await this.notes();
    return {
      clinic: { ...during(begin, end, hospital, clinic), queue: quantile(queues.clinic, 0.5) },
      hospital: { ...during(begin, end, clinic, hospital), queue: quantile(queues.hospital, 0.5) },
    };
  }

  /** Both directions are dead for a while; counted from their return. */
  async outage(ms: number, within: number): Promise<Sides<Figures>> {
    await this.site.link.outage(true);
    await after(ms);
    await this.site.link.outage(false);
    return this.back('outage', Date.now(), ['sound', 'picture'], within);
  }

  async move(within: number): Promise<Sides<Figures>> {
    await this.site.link.move();
    const moment = Date.now(); // what is on the way now is not counted
    return this.back('move', moment, ['sound', 'picture'], within);
  }

  /** Counted from the kill. */
  async restart(within: number): Promise<Sides<Figures>> {
    const moment = Date.now();
    await this.site.killAndRestart();
    return this.back('restart', moment, ['sound', 'picture'], within);
  }

  async end(): Promise<void> {
    await this.site.link.becomes({});
    await does(this.hospital, 'end', this.consult).catch(() => undefined); // the server may have ended it
    await Promise.all([this.clinic.leave(), this.hospital.leave()]);
  }

  /** Waits until both sides have again what is wanted, and names the figures after the event. */
  private async back(
    event: '' | 'outage' | 'move' | 'restart',
    moment: number,
    want: ('sound' | 'picture')[],
    within: number,
  ): Promise<Sides<Figures>> {
    for (;;) {
      const { clinic, hospital } = await this.notes();
      const figures = {
        clinic: named(event, soundAfter(moment, clinic), pictureAfter(moment, hospital, clinic)),
        hospital: named(event, soundAfter(moment, hospital), pictureAfter(moment, clinic, hospital)),
      };
      const keys = want.map((one) => key(event, one));
      const all = [figures.clinic, figures.hospital].every((side) =>
        keys.every((k) => side[k] !== undefined),
      );
      if (all || Date.now() > moment + within) return figures;
      await after(look);
    }
  }

  private async notes(): Promise<Sides<Notes>> {
    const [clinic, hospital] = await Promise.all([notesOf(this.clinic), notesOf(this.hospital)]);
    return { clinic, hospital };
  }
}

function key(event: '' | 'outage' | 'move' | 'restart', what: 'sound' | 'picture'): keyof Figures {
  if (event === '') return what;
  return `${event}${what === 'sound' ? 'Sound' : 'Picture'}`;
}

function named(
  event: '' | 'outage' | 'move' | 'restart',
  sound: number | undefined,
  picture: number | undefined,
): Figures {
  return { [key(event, 'sound')]: sound, [key(event, 'picture')]: picture };
}

const none: Notes = { drawn: [], shown: [], heard: [] };

/** A page that is just being loaded has no notes yet. */
async function notesOf(person: Person): Promise<Notes> {
  const notes = await person.page
    .evaluate(() => (globalThis as unknown as { notes?: Notes }).notes)
    .catch(() => undefined);
  return notes ?? none;
}
