// Written by go generate ./signaling/protocol. Change the Go types, not this file.

/** Largest frame in bytes. */
export const maxFrame = 65536;

/** DeskHello is the first frame from the app. */
export interface DeskHello {
  /** single-use desk ticket from POST /api/tickets/desk */
  ticket: string;
  /** epoch of the last event seen, to continue without a snapshot */
  epoch?: string;
  /** offset of the last event seen */
  offset?: number;
}

/** Armed tells whether this page may ring: sound was unlocked by a click. */
export interface Armed {
  armed: boolean;
}

/** Ping asks for a Pong; the app uses it to notice a dead link and to measure it. */
export interface Ping {
  /** sender's clock, ms since the Unix epoch */
  at: number;
}

/** DeskWelcome answers DeskHello. After it, events follow from Offset+1. */
export interface DeskWelcome {
  epoch: string;
  offset: number;
  /** false: everything may have changed, read anew what is on screen */
  resumed: boolean;
  /** rings for this person right now */
  rings: Ring[];
}

/** Ring asks an expert to take an emergency; what it is about is read from GET /api/rings. */
export interface Ring {
  consult: string;
  department: string;
  /** 1 first on duty, 2 deputies, 3 next department or tier */
  wave: number;
  /** ms since the Unix epoch when this wave ends */
  until: number;
  /** true: invited into a running call */
  invitation?: boolean;
}

/** Pong answers a Ping. */
export interface Pong {
  /** copied from the ping */
  at: number;
  /** server's clock, ms since the Unix epoch */
  server: number;
}

/** RingStopped ends a ring. */
export interface RingStopped {
  consult: string;
  why: "taken" | "answered" | "timeout" | "cancelled";
}

/** Changed says that a case this person may see has changed. */
export interface Changed {
  consult: string;
  state: string;
  version: number;
  /** what happened last; empty for a change outside the lifecycle */
  verb: string;
}

/** Presence says that a person came, went, or changed duty. */
export interface Presence {
  person: string;
  online: boolean;
  /** some page of theirs can ring */
  armed: boolean;
}

/** Notice is something the person should know now. */
export interface Notice {
  kind: "unanswered" | "knocking" | "waiting-long" | "due" | "call-back" | "offer-async" | "break-glass" | "agreement";
  consult?: string;
}

/** Error answers a message that could not be carried out. */
export interface Error {
  code: ErrorCode;
  /** type of the message that failed */
  re?: string;
  /** English, for logs; the app translates the code */
  message: string;
}

/** RoomHello is the first frame from the app: a ticket, or a room token to resume. */
export interface RoomHello {
  /** single-use room ticket from POST /api/consults/{id}/join */
  ticket?: string;
  /** room token of the dropped socket; only while this page still holds its media connection */
  resume?: string;
  /** sequence number of the last chat message seen */
  chat?: number;
}

/** Offer carries the browser's SDP offer. The browser is always the offerer. */
export interface Offer {
  /** copied into the answer; a newer offer makes older answers void */
  id: number;
  /** true: a new media connection. For readers of a trace: the server knows one by its certificate and drops the one of before */
  fresh?: boolean;
  sdp: string;
  /** what is sent on which section */
  tracks: Track[];
}

/** Track names what the browser sends on one media section. */
export interface Track {
  mid: string;
  source: "microphone" | "camera" | "screen";
}

/** Media says which of the person's own sources are on. */
export interface Media {
  microphone: boolean;
  camera: boolean;
  screen: boolean;
  /** the camera is on, but its link bears sound only: the picture comes back by itself */
  paused?: boolean;
}

/** Knock says that the person is ready to enter. */
export type Knock = Record<string, never>;

/** Admit lets a waiting person in. */
export interface Admit {
  participant: string;
}

/** ChatSend says something to the room; it is kept with the case. */
export interface ChatSend {
  /** made by the sender; the same key twice is one message */
  key: string;
  /** at most 4,000 characters */
  text: string;
}

/** Quality is the person's own view of the link, every few seconds. */
export interface Quality {
  /** ms */
  rtt: number;
  /** share of packets lost, 0 to 1 */
  loss_up: number;
  /** share of packets lost, 0 to 1 */
  loss_down: number;
  /** kbit/s sent */
  rate_up: number;
  /** kbit/s received */
  rate_down: number;
  /** share of audio samples concealed, 0 to 1 */
  concealed: number;
  /** video freezes since the call began */
  freezes: number;
  path: "" | "udp" | "tcp" | "relay";
}

/** Leave leaves the call; the case goes on. */
export type Leave = Record<string, never>;

/** EndAll ends the call for everybody. */
export type EndAll = Record<string, never>;

/** RoomWelcome answers RoomHello: who and what is here, as of now. */
export interface RoomWelcome {
  /** the person's own id in this room */
  participant: string;
  /** room token: resumes this socket on any node, valid 10 min */
  token: string;
  /** seconds within which a dropped socket may resume */
  grace: number;
  /** true: the media connection of before can go on, if need be on another path */
  resumed: boolean;
  phase: "lobby" | "waiting" | "in";
  /** state of the consult */
  state: string;
  /** version of the consult, as in case */
  version: number;
  /** microphone, camera, screen, chat, admit, end, invite */
  may: string[];
  roster: Participant[];
  /** messages after the one named in hello */
  chat: ChatMessage[];
  /** ms since the Unix epoch when the call began */
  began?: number;
  lines: Line[];
  /** as in layers */
  layers?: Layer[];
  /** for the media connection; empty when the server has no relay */
  ice_servers: ICEServer[];
}

/** Participant is a person in the room. */
export interface Participant {
  id: string;
  person: string;
  name: string;
  /** in Latin script, when known */
  name_latin?: string;
  seat: string;
  /** institution name */
  institution: string;
  /** in Latin script, when known */
  institution_latin?: string;
  phase: "lobby" | "waiting" | "in";
  /** ms since the Unix epoch when the phase was entered */
  since: number;
  /** false while their socket is away and may resume */
  connected: boolean;
  media: Media;
  /** link quality in one word */
  link: "unknown" | "good" | "fair" | "poor" | "lost";
  /** ms */
  rtt?: number;
  /** 0 to 1, the worse direction */
  loss?: number;
}

/** ChatMessage is one kept message. */
export interface ChatMessage {
  seq: number;
  key: string;
  person: string;
  name: string;
  /** in Latin script, when known */
  name_latin?: string;
  /** ms since the Unix epoch */
  at: number;
  text: string;
}

/** Line tells whose media a receiving section of the browser carries now. */
export interface Line {
  mid: string;
  /** empty: the line is spare */
  participant?: string;
  source?: "" | "microphone" | "camera" | "screen";
  /** true: the server holds the picture back, because this browser's downlink does not carry it; sound goes on */
  paused?: boolean;
  /** true: the same, but a still of the picture comes every few seconds */
  stills?: boolean;
}

/** Layer is one size of one's own picture. */
export interface Layer {
  source: "camera" | "screen";
  /** as in the offer; empty for a picture in one size */
  rid?: string;
  /** kbit/s that are of use */
  rate: number;
}

/** ICEServer is a relay as an RTCPeerConnection takes it. A browser uses it only where no direct path works: in networks that let nothing but TLS through. */
export interface ICEServer {
  /** turns: at the host and port of the app itself */
  urls: string[];
  username: string;
  /** opens a relay within the next hour; an open one goes on */
  credential: string;
}

/** Answer answers an Offer. */
export interface Answer {
  id: number;
  sdp: string;
  lines: Line[];
}

/** Lines replaces the whole map of lines. */
export interface Lines {
  lines: Line[];
}

/** Layers replaces the list of what is of use of the person's own pictures. A camera is offered in several sizes (simulcast with rid): the smaller ones that are listed have somebody who watches them in place of the largest, the others need not be sent, and none is listed at first. The largest is always of use; it is listed while that is less than all of it, because nobody watches, or only over links that carry less. A browser is held to it anyhow (goog-remb), and can tell by this that its own uplink is not what limits it. */
export interface Layers {
  layers: Layer[];
}

/** MoreLines asks the browser to offer again with more receiving sections. */
export interface MoreLines {
  /** receiving audio sections wanted in all */
  audio: number;
  /** receiving video sections wanted in all */
  video: number;
}

/** Joined says that someone entered the room or its lobby. */
export interface Joined {
  participant: Participant;
}

/** Updated replaces what is known of a participant. */
export interface Updated {
  participant: Participant;
}

/** Left says that someone is gone for good. */
export interface Left {
  participant: string;
  why: "left" | "lost" | "removed";
}

/** CaseChanged says that the consult changed; the app reads it anew. */
export interface CaseChanged {
  state: string;
  version: number;
  /** ms since the Unix epoch when the call began */
  began?: number;
}

/** PhaseChanged tells the person their own phase and rights when either changes. */
export interface PhaseChanged {
  phase: "lobby" | "waiting" | "in";
  /** participant who admitted */
  by?: string;
  /** as in welcome */
  may: string[];
}

/** Renewed carries what is short-lived anew, before the old ends. */
export interface Renewed {
  token: string;
  /** as in welcome, with a fresh credential */
  ice_servers: ICEServer[];
}

/** Ended says that the call is over. */
export interface Ended {
  /** name of who ended it; empty: the system */
  by?: string;
  /** in Latin script, when known */
  by_latin?: string;
}

/** What the app sends on the desk socket. */
export type DeskFromClient =
  | { type: "hello"; body: DeskHello }
  | { type: "armed"; body: Armed }
  | { type: "ping"; body: Ping };

/** What the app receives on the desk socket. */
export type DeskFromServer =
  | { type: "welcome"; offset?: number; body: DeskWelcome }
  | { type: "pong"; offset?: number; body: Pong }
  | { type: "ring"; offset?: number; body: Ring }
  | { type: "ring-stopped"; offset?: number; body: RingStopped }
  | { type: "changed"; offset?: number; body: Changed }
  | { type: "presence"; offset?: number; body: Presence }
  | { type: "notice"; offset?: number; body: Notice }
  | { type: "error"; offset?: number; body: Error };

/** What the app sends on the room socket. */
export type RoomFromClient =
  | { type: "hello"; body: RoomHello }
  | { type: "offer"; body: Offer }
  | { type: "media"; body: Media }
  | { type: "knock"; body: Knock }
  | { type: "admit"; body: Admit }
  | { type: "chat"; body: ChatSend }
  | { type: "quality"; body: Quality }
  | { type: "leave"; body: Leave }
  | { type: "end"; body: EndAll }
  | { type: "ping"; body: Ping };

/** What the app receives on the room socket. */
export type RoomFromServer =
  | { type: "welcome"; body: RoomWelcome }
  | { type: "answer"; body: Answer }
  | { type: "lines"; body: Lines }
  | { type: "layers"; body: Layers }
  | { type: "more-lines"; body: MoreLines }
  | { type: "joined"; body: Joined }
  | { type: "updated"; body: Updated }
  | { type: "left"; body: Left }
  | { type: "chat"; body: ChatMessage }
  | { type: "case"; body: CaseChanged }
  | { type: "phase"; body: PhaseChanged }
  | { type: "renewed"; body: Renewed }
  | { type: "ended"; body: Ended }
  | { type: "error"; body: Error }
  | { type: "pong"; body: Pong };

/** Why a message could not be carried out. */
export type ErrorCode =
  /** this socket has no message of that type; after ten bad messages the socket closes with 4500 */
  | "unknown-message"
  /** the body is not what the type's table says: an unknown, missing, null or over-long field, or a value outside its list */
  | "malformed"
  /** the person's seat in the consult does not permit this */
  | "not-allowed"
  /** only people in the call may do this; knock first */
  | "not-admitted"
  /** nobody with that id is here, or they are not waiting */
  | "no-such-participant"
  /** the consult's state does not permit this now; read the case anew */
  | "state-forbids"
  /** the patient's consent is neither recorded nor explained, so the call cannot begin */
  | "consent-missing"
  /** too many messages of this type; wait a few seconds */
  | "too-fast"
  /** the SDP offer cannot be used; make a new media connection and offer that */
  | "bad-offer"
  /** eight people are in the call already */
  | "room-full"
  /** a chat message needs text */
  | "empty-text"
  /** the server could not store or load what this needs; try again */
  | "unavailable";

/** Close codes; after 4500 and above the app must not come back by itself. */
export const closeCodes = {
  /** the server stops or moves; come back at once */
  goingAway: 4000,
  /** the app did not read for too long and its queue is full; come back and take a new snapshot */
  slowReader: 4001,
  /** no hello within 10 seconds of connecting */
  noHello: 4002,
  /** the ticket or room token is used, expired or of another kind; ask the API for a new ticket */
  ticketRefused: 4003,
  /** something went wrong on the server; come back after a few seconds */
  fault: 4004,
  /** nothing arrived for 40 seconds, not even an answer to a WebSocket ping */
  silent: 4005,
  /** a binary frame, something that is no JSON envelope, a message before or instead of hello, or ten bad messages */
  protocolViolation: 4500,
  /** the same person opened this room in another tab or device */
  takenOver: 4501,
  /** signed out, or access was taken away; sign in anew */
  revoked: 4502,
  /** the person no longer has a seat in this consult */
  removed: 4503,
  /** the call is over for everybody */
  ended: 4504,
  /** a frame was larger than 64 KB */
  frameTooBig: 4505,
  /** the person left; from the app it says the same as leave */
  left: 4506,
  /** the ticket is for another room */
  noSuchRoom: 4507,
} as const;

/** Whether the app may connect again by itself after this close code. */
export const mayReturn = (code: number): boolean => code < 4500;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];
