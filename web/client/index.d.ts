/** The client of Restaurant QR, for browsers and Node. Times are milliseconds. */

import type { Actions, Data, ErrorCode, Messages, Session, Version } from './messages.js';

export type * from './messages.js';

export type ChannelName = keyof Actions;
/** Data with the version of its entity, which `expected_version` of an action compares. */
export type Versioned<T> = T & Version;

/**
 * How current a channel's data is.
 *
 * - `connecting`: there is no data yet.
 * - `live`: the data has been current since `since`.
 * - `reconnecting`: the connection is lost; `since` is when the data was last known to be current.
 * - `stale`: it has been lost for `staleAfter`; the page should show its user `since`.
 * - `closed`: for good; `error` has the reason.
 */
export interface Status {
  state: 'connecting' | 'live' | 'reconnecting' | 'stale' | 'closed';
  since: Date;
  error?: ClosedError;
}

export interface Options {
  /** URL of the service; by default the origin of this module, else http://localhost:9000. */
  url?: string;
  token?: string | null;
  /**
   * Called when the token is refused; returns another one, or null if there is none. It should have
   * the same `sub`, because the service recognizes repeated requests per caller.
   */
  renewToken?: () => Promise<string | null | undefined> | string | null | undefined;
  /** Called once per token if the service refuses it and there is no other one. */
  onTokenRefused?: (token: string) => void;
  /** Called with each change of a channel's status. */
  onStatus?: (status: Status, channel: Channel) => void;
  /** A WebSocket class for Node before 22, such as that of the package `ws`. */
  WebSocket?: unknown;
  /** Delays between retries: random up to a bound that doubles from `first` to `longest` (500; 10,000). */
  backoff?: { first?: number; longest?: number };
  /** Silence after which a connection is probed (25,000). */
  heartbeat?: number;
  /**
   * Silence on all channels together after which one of them is probed, 0 for never (0): a page
   * notices within `pulse + pulseTimeout` that the network is gone, at the cost of one probe.
   */
  pulse?: number;
  /** Timeout of that probe (3,000). */
  pulseTimeout?: number;
  /** Timeout of replies and responses (10,000). */
  timeout?: number;
  /** Time from `reconnecting` to `stale` (10,000). */
  staleAfter?: number;
  /** Maximum number of actions that wait in a channel (100). */
  queue?: number;
}

export interface Ack {
  changed: boolean;
  version: number;
}

/** Fields of an action's ack besides `changed` and `version`. */
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
  /** The last snapshot with all events since, or null before the first. Never changed in place. */
  readonly data: Data[C] | null;
  readonly status: Status;
  /** The number of actions that wait to be sent or answered. */
  readonly queued: number;

  /** Show the data now, if there is any, and after each change; the returned function stops it. */
  follow(show: (data: Data[C]) => void): () => void;
  /** Listen to one type of message; the returned function removes the listener. */
  on<T extends keyof Messages[C]>(
    type: T, listener: (data: Messages[C][T], frame: Frame<Messages[C][T]>) => void,
  ): () => void;
  on(type: 'change' | 'snapshot', listener: (data: Data[C], frame: Frame) => void): () => void;
  on(type: 'event', listener: (data: unknown, frame: Frame) => void): () => void;
  on(type: 'status', listener: (status: Status) => void): () => void;
  on(type: 'error', listener: (error: RefusedError) => void): () => void;

  /**
   * Run an action once, however often the connection is lost; resolves when it is stored. Rejects
   * with RefusedError, QueueFullError, ClosedError, or with the signal's reason: then it may still
   * take effect. The action's event may arrive later.
   */
  request<A extends keyof Actions[C]>(
    action: A, fields?: Fields<C, A>, options?: { signal?: AbortSignal },
  ): Promise<Answer<C, A>>;
  /** Request a new snapshot, for data that events do not carry. */
  refresh(): Promise<Data[C]>;
  /** Probe the connection now, or connect at once. */
  wake(): void;
  close(): void;

  // As of a WebSocket:
  readonly readyState: number;
  onopen: ((event: { type: 'open' }) => void) | null;
  onmessage: ((event: { type: 'message'; data: string }) => void) | null;
  /** Called if the service closes the channel for good. */
  onerror: ((event: { type: 'error'; error: ClosedError; message: string }) => void) | null;
  onclose: ((event: { type: 'close'; code: number; reason: string }) => void) | null;
  /** Send an action; its reply arrives as a message. Throws QueueFullError or ClosedError. */
  send(message: string | object): void;
}

/** Requests to paths below `/api`, retried under one key while the service is unavailable. */
export interface Http {
  get<T = any>(path: string, options?: HttpOptions): Promise<T>;
  /** The body is sent as JSON, but a `Blob`, such as a file, as it is. */
  post<T = any>(path: string, body?: object, options?: HttpOptions): Promise<T>;
  put<T = any>(path: string, body?: object, options?: HttpOptions): Promise<T>;
  patch<T = any>(path: string, body?: object, options?: HttpOptions): Promise<T>;
  delete<T = any>(path: string, options?: HttpOptions): Promise<T>;
  /** A body that is not JSON, such as a picture of type `image/svg+xml`. */
  text(path: string, type: string, options?: HttpOptions): Promise<string>;
}

export interface HttpOptions {
  /** `Idempotency-Key`; by default a new one for each call. */
  key?: string;
  signal?: AbortSignal;
  /** Maximum number of attempts, each of which times out after `timeout` (4). */
  tries?: number;
}

/** The client of a service. Each channel is opened once, by the first call for it. */
export declare class RestaurantQR {
  constructor(options?: Options);
  http: Http;
  token: string | null;
  /**
   * The service's time, from the `Date` of its HTTP responses; null before the first, and on pages of
   * another host, which cannot read it. Compute ages against it, never against this machine's clock.
   */
  readonly now: Date | null;
  /** The service's time when this machine's clock showed `machine`; the same if it is unknown. */
  timeOf(machine: Date): Date;
  /** Request the service's time; resolves to `now`, also without a response. */
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

  /** Join a session as a guest, by the code of its table or its own. */
  join(code: { table_code: string } | { session_code: string }): Promise<Session>;
  /** Probe every connection now. Done when a page is shown or its network is back, too. */
  wake(): void;
  disconnect(): void;
}

/** The class of `websocket-api.md`. Its `handle…` methods receive every message of their channel. */
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

/** The base of all errors that promises of this client are rejected with, besides an AbortSignal's reason. */
export declare class RestaurantQRError extends Error {}
/** The service rejected a request: `code` is for programs, `message` is for people. */
export declare class RefusedError extends RestaurantQRError {
  readonly code: ErrorCode;
  readonly details: any;
  /** The HTTP status. */
  readonly status?: number;
  /**
   * Whether the request is known to have had no effect; false for `unavailable`, `rate_limited` and
   * `unauthenticated`, because an earlier attempt with the same key may have had one.
   */
  readonly isFinal: boolean;
}
/** The channel is closed for good; `code` is the close code, 1000 if this client closed it. */
export declare class ClosedError extends RestaurantQRError {
  readonly code: number;
}
/** Too many actions wait for the connection. This one was not queued. */
export declare class QueueFullError extends RestaurantQRError {
  readonly limit: number;
}

/**
 * No response of the service over HTTP after several attempts: none at all, or one of an intermediary.
 * A change may have taken effect; retry with the same key.
 */
export declare class UnreachableError extends RestaurantQRError {
  /** The status of the intermediary's response. */
  readonly status?: number;
}
