// The Chromium that people sit before. One is shared by all people of a file, each in
// a profile of their own: to start one takes longer than many a test.
import { chromium, type Browser, type LaunchOptions } from 'playwright-core';

// Without its address bar's suggestions, a page of their own behind every window, and the
// spare process, a person costs a third to seat. The last such switch counts, so what
// Playwright turns off stands here too.
const without = [
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup', 'SpareRendererForSitePerProcess'],
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'LensOverlay', 'MediaRouter'],
  ...['HttpsUpgrades', 'HttpsFirstBalancedModeAutoEnable', 'PaintHolding', 'ThirdPartyStoragePartitioning'],
  ...['OptimizationHints', 'NetworkTimeServiceQuerying', 'AimEnabled', 'PreconnectToSearch'],
];

/** Never --autoplay-policy: it would hide that a page cannot ring before a click. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--allow-loopback-in-peer-connection', // a machine with loopback only gathers no candidates otherwise
  '--use-fake-ui-for-media-stream', // answers the permission question with yes
  '--auto-select-desktop-capture-source=Entire screen',
  `--disable-features=${without.join()}`,
];
const fakeDevices = '--use-fake-device-for-media-stream=device-count=3'; // of cameras: one more whose picture is in colours is the third

/** What makes a Chromium another one than the shared. */
export interface Start {
  /** false: a computer without camera and microphone. */
  devices?: boolean;
  /** A browser that is started in another way. */
  executable?: string;
  flags?: string[];
}

export function launch({ devices = true, executable, flags: more = [] }: Start = {}): LaunchOptions {
  return {
    executablePath: executable ?? process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [...flags, ...(devices ? [fakeDevices] : []), ...more],
  };
}

/** Whether this takes a Chromium of its own. */
export const differs = ({ devices = true, executable, flags }: Start): boolean =>
  !devices || Boolean(executable ?? flags);

let shared: Promise<Browser> | undefined;

export const sharedBrowser = (): Promise<Browser> => (shared ??= chromium.launch(launch()));

export async function closeShared(): Promise<void> {
  await (await shared)?.close();
}
