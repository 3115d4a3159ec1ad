/** The client of Restaurant QR, for browsers and Node. */

import { RestaurantQR } from './service.js';

export { Channel } from './channel.js';
export {
  ClosedError, QueueFullError, RefusedError, RestaurantQRError, UnreachableError,
} from './errors.js';
export { RestaurantQR };

/** The class of `websocket-api.md`, on channels that reconnect. */
export class RestaurantQRClient extends RestaurantQR {
  /**
   * @param {number | string} [orderId]
   * @param {number | string} [tableId]
   * @param {number | string} [waiterId]
   * @param {number | string} [restaurantId]
   * @param {import('./index.js').Options} [options]
   */
  constructor(orderId, tableId, waiterId, restaurantId, options) {
    super(options);
    this.orderId = orderId;
    this.tableId = tableId;
    this.waiterId = waiterId;
    this.restaurantId = restaurantId;
    /** @type {Record<string, import('./channel.js').Channel>} */
    this.sockets = {};
  }

  connectOrder() {
    this.#connect('order', this.orderId, (data) => this.handleOrderUpdate(data));
    this.sockets.order.onerror = (event) => console.error('Order socket error:', event);
  }

  connectTable() {
    this.#connect('table', this.tableId, (data) => this.handleTableUpdate(data));
  }

  connectWaiter() {
    this.#connect('waiter', this.waiterId, (data) => this.handleWaiterNotification(data));
  }

  connectRestaurant() {
    this.#connect('restaurant', this.restaurantId, (data) => this.handleRestaurantBroadcast(data));
  }

  /** @param {any} data */
  handleOrderUpdate(data) {
    console.log('Order updated:', data);
  }

  /** @param {any} data */
  handleTableUpdate(data) {
    console.log('Table updated:', data);
  }

  /** @param {any} data */
  handleWaiterNotification(data) {
    console.log('Waiter notification:', data);
  }

  /** @param {any} data */
  handleRestaurantBroadcast(data) {
    console.log('Restaurant broadcast:', data);
  }

  /**
   * @param {string} name
   * @param {any} id
   * @param {(data: any) => void} handle
   */
  #connect(name, id, handle) {
    const channel = super.channel(name, id);
    channel.onmessage = ({ data }) => handle(JSON.parse(data));
    this.sockets[name] = channel;
  }
}
