/** The client of Restaurant QR, for browsers and Node. Times are milliseconds. */

import type { Data, Messages, Session } from './messages.js';
import type { Actions, ChannelName, ErrorCode } from './protocol.js';

export type * from './messages.js';
export type {
  Actions, CallReason, CallStatus, ChannelName, CloseCode, ErrorCode, FreeLine, ItemStatus,
  MenuLine, OrderStatus, PaymentMethod, PaymentStatus, SessionStatus,
} from './protocol.js';

/**
 * How current a channel's data is.
 *
 * - `connecting`: there is nothing to show yet.
 * - `live`: what is shown is current, `since` then.
 * - `reconnecting`: the connection is lost; `since` is when the data was last known to be current.
 * - `stale`: it is lost for longer than `staleAfter`; a user should be told, with `since`.
 * - `closed`: for good; `error` says why.
 */
export interface Status {
  state: 'connecting' | 'live' | 'reconnecting' | 'stale' | 'closed';
  since: Date;
  error?: ClosedError;
}

export interface Options {
  /** Where the service is; by default where this module came from, else http://localhost:9000. */
  url?: string;
  token?: string | null;
  /**
   * Called when the token is refused; another one, or null to give up. Give one for the same
   * bearer (`sub`): only then is what is sent again known to be the same request.
   */
  renewToken?: () => Promise<string | null | undefined> | string | null | undefined;
  /** Called once per token if the service refuses it and there is no other one. */
  onTokenRefused?: (token: string) => void;
  /** Called with each change of a channel's status. */
  onStatus?: (status: Status, channel: Channel) => void;
  /** For Node before 22, such as that of the package `ws`. */
  WebSocket?: unknown;
  /** Pauses between two tries: anything up to `first`, doubling up to `longest` (500; 10,000). */
  backoff?: { first?: number; longest?: number };
  /** A connection that is silent for so long is asked whether it lives (25,000). */
  heartbeat?: number;
  /**
   * After such a silence on all channels together one of them is asked whether it lives, 0 for never (0):
   * a page notices within `pulse + pulsePatience` that the network is gone, for one question.
   */
  pulse?: number;
  /** How long that answer may take (3,000). */
  pulsePatience?: number;
  /** An answer that takes longer means that the connection is dead (10,000). */
  patience?: number;
  /** `reconnecting` becomes `stale` after so long (10,000). */
  staleAfter?: number;
  /** How many actions may wait in a channel (100). */
  queue?: number;
}

export interface Ack {
  changed: boolean;
  version: number;
}

/** What an action's ack says beyond `changed` and `version`. */
export interface Results {
  occupy: { session_id: number; session_code: string };
  place_order: { order_id: number };
  call_waiter: { call_id: string };
  acknowledge: { acknowledged_by: string };
}

export type Fields<C extends ChannelName, A extends keyof Actions[C]> = Omit<
  Actions[C][A],
  'action'
>;

/** A `get_*` action resolves to the snapshot's data, any other to its ack. */
export type Answer<C extends ChannelName, A extends keyof Actions[C]> = A extends `get_${string}`
  ? Data[C]
  : A extends keyof Results
    ? Ack & Results[A]
    : Ack;

export interface Frame<D = unknown> {
  type: string;
  data: D;
  seq: number;
  epoch?: string;
}

/** One channel of one entity. */
export declare class Channel<C extends ChannelName = ChannelName> {
  private constructor();
  readonly name: C;
  readonly id: number;
  readonly url: string;
  /** The last snapshot with every event since; null until there is one. Never changed in place. */
  readonly data: Data[C] | null;
  readonly status: Status;
  /** How many actions wait to be sent or answered. */
  readonly queued: number;

  /** Show the data now, if there is any, and whenever it changes. */
  follow(show: (data: Data[C]) => void): () => void;
  /** Listen to one type of message; the function that is returned stops it. */
  on<T extends keyof Messages[C]>(
    type: T, listener: (data: Messages[C][T], frame: Frame<Messages[C][T]>) => void,
  ): () => void;
  on(what: 'change' | 'snapshot', listener: (data: Data[C], frame: Frame) => void): () => void;
  on(what: 'event', listener: (data: unknown, frame: Frame) => void): () => void;
  on(what: 'status', listener: (status: Status) => void): () => void;
  on(what: 'error', listener: (error: RefusedError) => void): () => void;

  /**
   * Do something, once, however often the connection is lost; resolves when it is stored. Rejects
   * with RefusedError, QueueFullError, ClosedError, or with the signal's reason: then it may have
   * been done all the same. Its event may come after it.
   */
  request<A extends keyof Actions[C]>(
    action: A, fields?: Fields<C, A>, how?: { signal?: AbortSignal },
  ): Promise<Answer<C, A>>;
  /** Take a new snapshot, for what events do not tell. */
  refresh(): Promise<Data[C]>;
  /** Make sure of the connection now. */
  wake(): void;
  close(): void;

  // As of a WebSocket:
  readonly readyState: number;
  onopen: ((event: { type: 'open' }) => void) | null;
  onmessage: ((event: { type: 'message'; data: string }) => void) | null;
  /** Called where the service closes it for good. */
  onerror: ((event: { type: 'error'; error: ClosedError; message: string }) => void) | null;
  onclose: ((event: { type: 'close'; code: number; reason: string }) => void) | null;
  /** An action whose answer comes as a message. Throws QueueFullError or ClosedError. */
  send(message: string | object): void;
}

/** Of paths below `/api`. What cannot be done right now is tried again with the same key. */
export interface Http {
  get<T = any>(path: string, how?: How): Promise<T>;
  post<T = any>(path: string, body?: object, how?: How): Promise<T>;
  put<T = any>(path: string, body?: object, how?: How): Promise<T>;
  patch<T = any>(path: string, body?: object, how?: How): Promise<T>;
  delete<T = any>(path: string, how?: How): Promise<T>;
  /** What is no JSON, such as a picture of type `image/svg+xml`. */
  text(path: string, type: string, how?: How): Promise<string>;
}

export interface How {
  /** `Idempotency-Key`; by default a new one for each call. */
  key?: string;
  signal?: AbortSignal;
  /** How often it is tried without an answer of the service, each time for `patience` (4). */
  tries?: number;
}

/** The service as a page sees it. Channels open at once and are shared by all who ask for them. */
export declare class RestaurantQR {
  constructor(options?: Options);
  http: Http;
  token: string | null;
  /**
   * The service's time, by the `Date` of its answers over HTTP; null until there was one, and where
   * a page of another host may not read it. Ages are differences to it, never to this machine's clock.
   */
  readonly now: Date | null;
  /** What the service's time was when this machine's clock showed `machine`; the same while unknown. */
  timeOf(machine: Date): Date;
  /** Ask for the time; resolves to `now`, also when there is no answer. */
  askTime(): Promise<Date | null>;
  /** The worst status of all channels; null without any. */
  readonly status: Status | null;

  order(id: number | string): Channel<'order'>;
  items(orderId: number | string): Channel<'items'>;
  table(id: number | string): Channel<'table'>;
  session(id: number | string): Channel<'session'>;
  waiter(id: number | string): Channel<'waiter'>;
  restaurant(id: number | string): Channel<'restaurant'>;
  notifications(restaurantId: number | string): Channel<'notifications'>;
  menu(restaurantId: number | string): Channel<'menu'>;
  devices(restaurantId: number | string): Channel<'devices'>;
  channel<C extends ChannelName>(name: C, id: number | string): Channel<C>;

  /** A guest's way in, by the code of a table or of a session. */
  join(code: { table_code: string } | { session_code: string }): Promise<Session>;
  /** Make sure of every connection now; browsers' own signs of life do it, too. */
  wake(): void;
  disconnect(): void;
}

/** The class of `websocket-api.md`. Its `handle…` methods get every message of their channel. */
export declare class RestaurantQRClient extends RestaurantQR {
  constructor(
    orderId?: number | string | null,
    tableId?: number | string | null,
    waiterId?: number | string | null,
    restaurantId?: number | string | null,
    options?: Options,
  );
  orderId: number | string | null | undefined;
  tableId: number | string | null | undefined;
  waiterId: number | string | null | undefined;
  restaurantId: number | string | null | undefined;
  sockets: {
    order?: Channel<'order'>;
    table?: Channel<'table'>;
    waiter?: Channel<'waiter'>;
    restaurant?: Channel<'restaurant'>;
  };
  connectOrder(): void;
  connectTable(): void;
  connectWaiter(): void;
  connectRestaurant(): void;
  handleOrderUpdate(data: any): void;
  handleTableUpdate(data: any): void;
  handleWaiterNotification(data: any): void;
  handleRestaurantBroadcast(data: any): void;
}

/** Everything that a promise of this client is rejected with, AbortSignals apart. */
export declare class RestaurantQRError extends Error {}
/** The service has refused: `code` is for programs, `message` is a sentence for a person. */
export declare class RefusedError extends RestaurantQRError {
  readonly code: ErrorCode;
  readonly details: any;
  /** Of HTTP. */
  readonly status?: number;
  /**
   * Whether the request is known to have had no effect; false for `unavailable`, `rate_limited` and
   * `unauthenticated`, before which an earlier try under the same key may have had one.
   */
  readonly isFinal: boolean;
}
/** The channel is closed for good; `code` is the close code, 1000 where this side closed it. */
export declare class ClosedError extends RestaurantQRError {
  readonly code: number;
}
/** Too many actions wait for the connection already. This one was not taken. */
export declare class QueueFullError extends RestaurantQRError {
  readonly limit: number;
}

/**
 * No answer of the service over HTTP after several tries: none at all, or one of an intermediary. A
 * change may have taken effect all the same; retry with the same key.
 */
export declare class UnreachableError extends RestaurantQRError {
  /** Of the intermediary's answer. */
  readonly status?: number;
}
