/**
 * One socket after another to the same channel: connects, notices when it is lost, connects again.
 * What the frames mean is not known here.
 */

import { Backoff } from './backoff.js';
import { ClosedError } from './errors.js';
import { Heartbeat } from './heartbeat.js';
import { CLOSE } from './protocol.js';

/** @type {number[]} */
const FINAL = [CLOSE.MALFORMED, CLOSE.FORBIDDEN, CLOSE.NOT_FOUND];
const TOO_MANY_PAUSE = 5_000;
/** Milliseconds after which a pending handshake is replaced when the network is back. */
const STUCK = 1_000;

/** @typedef {import('./index.js').Status} Status */

export class Link {
  /** @type {any} */
  #socket = null;
  /** @type {string | null} */
  #token = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #retry = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #staleTimer;
  /** @type {number | null} */
  #liveAt = null;
  #tokenIsNew = false;
  #isShaking = false;
  #begunAt = 0;
  #how;
  #settings;
  #backoff;
  #heartbeat;

  /** @type {Status} */
  status = { state: 'connecting', since: new Date() };

  /**
   * @param {object} how
   * @param {() => string} how.url of the next connection
   * @param {import('./tokens.js').Tokens} how.tokens
   * @param {import('./service.js').Settings} how.settings
   * @param {() => void} how.opened a connection is there
   * @param {(text: string) => void} how.heard a frame
   * @param {() => void} how.probe send the question of `ask`
   * @param {() => void} how.lost the connection is gone
   * @param {(error: ClosedError) => void} how.ended for good
   * @param {(status: Status) => void} how.changed
   */
  constructor(how) {
    this.#how = how;
    this.#settings = how.settings;
    this.#backoff = new Backoff(this.#settings.backoff);
    this.#heartbeat = new Heartbeat({
      silence: this.#settings.heartbeat,
      patience: this.#settings.patience,
      probe: () => this.#probe(),
      dead: () => this.cut(),
    });
    this.#connect();
  }

  /** @param {string} text */
  send(text) {
    if (this.#socket?.readyState === 1) this.#socket.send(text);
  }

  /** When something was last heard, in milliseconds. */
  get heardAt() {
    return this.#heartbeat.heardAt;
  }

  /**
   * Ask something that is always answered; `answered` is to be called then.
   * @param {number} [within] milliseconds for the answer
   */
  ask(within) {
    if (this.#socket) this.#heartbeat.ask(within);
  }

  answered() {
    if (this.#socket) this.#heartbeat.answered();
  }

  /** What is shown is current as of now. */
  live() {
    if (!this.#socket) return;
    this.#liveAt ??= Date.now();
    this.#tokenIsNew = false;
    clearTimeout(this.#staleTimer);
    if (this.status.state !== 'live') this.#set({ state: 'live', since: new Date() });
  }

  /** Give the connection up and open another one. */
  cut() {
    if (!this.#socket) return;
    this.#abandon();
    this.#lost(0, '');
  }

  /** Somebody has come back: connect now, or make sure of the connection. */
  wake() {
    if (this.#retry !== null) {
      clearTimeout(this.#retry);
      this.#backoff.reset();
      this.#reconnect();
    } else if (this.#liveAt !== null) {
      this.#heartbeat.ask(this.#settings.patience / 3);
    } else if (this.#socket?.readyState === 0 && Date.now() - this.#begunAt > STUCK) {
      this.cut(); // it began without a network
      if (this.#retry !== null) this.wake();
    }
  }

  /** End it from this side. */
  close() {
    if (this.status.state === 'closed') return;
    const socket = this.#socket;
    this.#socket = null;
    this.#shaken();
    if (socket?.readyState === 1) socket.close(1000);
    else if (socket) abandon(socket);
    this.#end(new ClosedError(1000, 'closed by this client'));
  }

  // --- one connection --------------------------------------------------------------------------

  #connect() {
    this.#retry = null;
    this.#isShaking = true;
    if (this.#settings.handshakes.enter(this.#later)) this.#open();
  }

  /** Connect after the handshakes of other channels. */
  #later = () => this.#trying(() => this.#open());

  /** The handshake is over, or need not begin any more. */
  #shaken() {
    if (!this.#isShaking) return;
    this.#isShaking = false;
    this.#settings.handshakes.leave(this.#later);
  }

  #open() {
    const { WebSocket } = this.#settings;
    this.#token = this.#how.tokens.current;
    let socket;
    try {
      socket = new WebSocket(this.#how.url(), this.#token ? ['bearer', this.#token] : []);
    } catch (error) {
      this.#shaken();
      throw error;
    }
    this.#socket = socket;
    this.#begunAt = Date.now();
    const mine = (/** @type {(event: any) => void} */ handle) => (/** @type {any} */ event) => {
      if (this.#socket === socket) handle(event);
    };
    socket.onopen = mine(() => {
      this.#shaken();
      this.#heartbeat.expect();
      this.#how.opened();
    });
    socket.onmessage = mine(({ data }) => {
      this.#heartbeat.heard();
      this.#how.heard(data);
    });
    socket.onerror = () => {}; // a close follows
    socket.onclose = mine(({ code, reason }) => {
      this.#socket = null;
      this.#shaken();
      this.#lost(code, reason);
    });
    this.#heartbeat.expect();
  }

  #probe() {
    if (this.#heartbeat.overslept && this.status.state === 'live') this.#stale();
    this.#how.probe();
  }

  #abandon() {
    const socket = this.#socket;
    this.#socket = null;
    this.#shaken();
    abandon(socket);
  }

  // --- after it --------------------------------------------------------------------------------

  /**
   * @param {number} code
   * @param {string} reason
   */
  #lost(code, reason) {
    this.#heartbeat.stop();
    if (this.#liveAt !== null && Date.now() - this.#liveAt > this.#backoff.longest) {
      this.#backoff.reset();
    }
    this.#liveAt = null;
    this.#how.lost();
    if (this.status.state === 'live') {
      this.#staleTimer = setTimeout(() => this.#stale(), this.#settings.staleAfter);
      this.#set({ state: 'reconnecting', since: new Date(this.#heartbeat.heardAt) });
    }
    if (this.status.state === 'closed') return; // by who was told of the loss
    if (FINAL.includes(code)) this.#end(new ClosedError(code, reason));
    else if (code === CLOSE.UNAUTHENTICATED) this.#renew(reason);
    else this.#again(code === CLOSE.TOO_MANY ? TOO_MANY_PAUSE : 0);
  }

  /** @param {number} atLeast */
  #again(atLeast) {
    this.#retry = setTimeout(() => this.#reconnect(), this.#backoff.next(atLeast));
  }

  #reconnect() {
    this.#trying(() => this.#connect());
  }

  /** @param {() => void} connect */
  #trying(connect) {
    try {
      connect();
    } catch (error) {
      this.#end(new ClosedError(CLOSE.MALFORMED, String(error))); // a new token that is none
    }
  }

  /**
   * Get another token; one that is refused at once was the last.
   * @param {string} reason
   */
  async #renew(reason) {
    try {
      const token = this.#tokenIsNew ? null : await this.#how.tokens.after(this.#token);
      if (this.status.state === 'closed') return;
      if (token === null) {
        this.#how.tokens.end(this.#token);
        this.#end(new ClosedError(CLOSE.UNAUTHENTICATED, reason));
        return;
      }
      this.#tokenIsNew = true;
    } catch {
      // who gives tokens does not answer: the old one is refused again, and a new one asked for
    }
    if (this.status.state !== 'closed') this.#again(0);
  }

  #stale() {
    this.#set({ state: 'stale', since: new Date(this.#heartbeat.heardAt) });
  }

  /** @param {ClosedError} error */
  #end(error) {
    this.#heartbeat.stop();
    clearTimeout(this.#staleTimer);
    clearTimeout(this.#retry ?? undefined);
    this.#retry = null;
    this.#set({ state: 'closed', since: new Date(), error });
    this.#how.ended(error);
  }

  /** @param {Status} status */
  #set(status) {
    this.status = status;
    this.#how.changed(status);
  }
}

/**
 * End a socket whose other side may be gone: nobody waits for its goodbye.
 * @param {any} socket
 */
function abandon(socket) {
  if (socket.terminate) socket.terminate();
  else socket.close();
}
