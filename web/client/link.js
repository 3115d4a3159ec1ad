/**
 * The connection of a channel: connects, detects a loss and reconnects. It does not interpret messages.
 */

import { Backoff } from './backoff.js';
import { ClosedError } from './errors.js';
import { Heartbeat } from './heartbeat.js';
import { CLOSE } from './protocol.js';
import { StatusTracker } from './status.js';

/** @type {number[]} */
const FINAL = [CLOSE.BAD_REQUEST, CLOSE.FORBIDDEN, CLOSE.NOT_FOUND];
const RATE_LIMITED_PAUSE = 5_000;
/** A handshake that has been pending for this many milliseconds is replaced when the network is back. */
const STUCK_HANDSHAKE = 1_000;

export class Link {
  /** @type {any} */
  #socket = null;
  /** @type {string | null} */
  #token = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #retryTimer = null;
  /** @type {number | null} */
  #liveAt = null;
  #tokenIsNew = false;
  #connectingSince = 0;
  #options;
  #settings;
  #status;
  #backoff;
  #heartbeat;

  /**
   * @param {object} options
   * @param {() => string} options.url of the next connection
   * @param {import('./tokens.js').Tokens} options.tokens
   * @param {import('./service.js').Settings} options.settings
   * @param {() => void} options.onOpen
   * @param {(text: string) => void} options.onMessage
   * @param {() => void} options.sendProbe
   * @param {() => void} options.onLost a connection is lost
   * @param {(error: ClosedError) => void} options.onEnd closed for good
   * @param {(status: import('./index.js').Status) => void} options.onStatus
   */
  constructor(options) {
    this.#options = options;
    this.#settings = options.settings;
    this.#status = new StatusTracker(this.#settings.staleAfter, options.onStatus);
    this.#backoff = new Backoff(this.#settings.backoff);
    this.#heartbeat = new Heartbeat({
      silence: this.#settings.heartbeat,
      timeout: this.#settings.timeout,
      sendProbe: () => this.#sendProbe(),
      onDead: () => this.reconnect(),
    });
    this.#connect();
  }

  get status() {
    return this.#status.current;
  }

  /** When the last message arrived, in milliseconds. */
  get lastMessageAt() {
    return this.#heartbeat.lastMessageAt;
  }

  /** @param {string} text */
  send(text) {
    if (this.#socket?.readyState === 1) this.#socket.send(text);
  }

  /**
   * Probe the connection; call `onProbeReply` when the reply arrives.
   * @param {number} [within] milliseconds for the reply
   */
  probe(within) {
    if (this.#socket) this.#heartbeat.probe(within);
  }

  onProbeReply() {
    if (this.#socket) this.#heartbeat.onReply();
  }

  /** Mark the data as current. */
  live() {
    if (!this.#socket) return;
    this.#liveAt ??= Date.now();
    this.#tokenIsNew = false;
    this.#status.live();
  }

  /** Drop the connection and open another one. */
  reconnect() {
    if (!this.#socket) return;
    terminate(this.#detach());
    this.#onLost(0, '');
  }

  /** The user or the network is back: connect now, or probe the open connection. */
  wake() {
    if (this.#retryTimer !== null) {
      clearTimeout(this.#retryTimer);
      this.#backoff.reset();
      this.#guarded(() => this.#connect());
    } else if (this.#liveAt !== null) {
      this.#heartbeat.probe(this.#settings.timeout / 3);
    } else if (this.#socket?.readyState === 0 && Date.now() - this.#connectingSince > STUCK_HANDSHAKE) {
      this.reconnect(); // the handshake began without a network
      if (this.#retryTimer !== null) this.wake();
    }
  }

  close() {
    if (this.status.state === 'closed') return;
    const socket = this.#detach();
    if (socket?.readyState === 1) socket.close(1000);
    else if (socket) terminate(socket);
    this.#end(new ClosedError(1000, 'closed by this client'));
  }

  // --- one connection --------------------------------------------------------------------------

  #connect() {
    this.#retryTimer = null;
    if (this.#settings.handshakes.enter(this.#openWhenAllowed)) this.#open();
  }

  /** Called when the handshakes of other channels leave room for this one. */
  #openWhenAllowed = () => this.#guarded(() => this.#open());

  #endHandshake() {
    this.#settings.handshakes.leave(this.#openWhenAllowed);
  }

  #open() {
    const { WebSocket } = this.#settings;
    this.#token = this.#options.tokens.current;
    let socket;
    try {
      socket = new WebSocket(this.#options.url(), this.#token ? ['bearer', this.#token] : []);
    } catch (error) {
      this.#endHandshake();
      throw error;
    }
    this.#socket = socket;
    this.#connectingSince = Date.now();
    const ifCurrent = (/** @type {(event: any) => void} */ handle) => (/** @type {any} */ event) => {
      if (this.#socket === socket) handle(event);
    };
    socket.onopen = ifCurrent(() => {
      this.#endHandshake();
      this.#heartbeat.expect();
      this.#options.onOpen();
    });
    socket.onmessage = ifCurrent(({ data }) => {
      this.#heartbeat.onMessage();
      this.#options.onMessage(data);
    });
    socket.onerror = () => {}; // a close follows
    socket.onclose = ifCurrent(({ code, reason }) => {
      this.#detach();
      this.#onLost(code, reason);
    });
    this.#heartbeat.expect();
  }

  #sendProbe() {
    if (this.#heartbeat.isOverdue && this.status.state === 'live') this.#status.stale(this.lastMessageAt);
    this.#options.sendProbe();
  }

  /** Ignore the socket from now on. */
  #detach() {
    const socket = this.#socket;
    this.#socket = null;
    this.#endHandshake();
    return socket;
  }

  // --- after a connection ----------------------------------------------------------------------

  /**
   * @param {number} code
   * @param {string} reason
   */
  #onLost(code, reason) {
    this.#heartbeat.stop();
    if (this.#liveAt !== null && Date.now() - this.#liveAt > this.#backoff.longest) {
      this.#backoff.reset();
    }
    this.#liveAt = null;
    this.#options.onLost();
    this.#status.lost(this.lastMessageAt);
    if (this.status.state === 'closed') return; // by a listener
    if (FINAL.includes(code)) this.#end(new ClosedError(code, reason));
    else if (code === CLOSE.UNAUTHENTICATED) this.#renewToken(reason);
    else this.#retry(code === CLOSE.RATE_LIMITED ? RATE_LIMITED_PAUSE : 0);
  }

  /** @param {number} minimum */
  #retry(minimum) {
    this.#retryTimer = setTimeout(
      () => this.#guarded(() => this.#connect()), this.#backoff.next(minimum),
    );
  }

  /** @param {() => void} connect */
  #guarded(connect) {
    try {
      connect();
    } catch (error) {
      this.#end(new ClosedError(CLOSE.BAD_REQUEST, String(error))); // `WebSocket` throws if the token has invalid characters
    }
  }

  /**
   * Get another token, unless a new one was just refused.
   * @param {string} reason
   */
  async #renewToken(reason) {
    try {
      const token = this.#tokenIsNew ? null : await this.#options.tokens.renew(this.#token);
      if (this.status.state === 'closed') return;
      if (token === null) {
        this.#options.tokens.reportRefused(this.#token);
        this.#end(new ClosedError(CLOSE.UNAUTHENTICATED, reason));
        return;
      }
      this.#tokenIsNew = true;
    } catch {
      // the renewal failed: the old token is refused again, and renewed then
    }
    if (this.status.state !== 'closed') this.#retry(0);
  }

  /** @param {ClosedError} error */
  #end(error) {
    this.#heartbeat.stop();
    clearTimeout(this.#retryTimer ?? undefined);
    this.#retryTimer = null;
    this.#status.close(error);
    this.#options.onEnd(error);
  }
}

/**
 * End a socket whose other side may be gone, without waiting for its close frame.
 * @param {any} socket
 */
function terminate(socket) {
  if (socket.terminate) socket.terminate();
  else socket.close();
}
