/**
 * What the service tells. Money is a string such as "250.00", times are RFC 3339 in UTC.
 *
 * Written by `make docs` from `protocol/told.py`; changes belong there.
 */

import type {
  CallReason,
  CallStatus,
  ItemStatus,
  OrderStatus,
  PaymentMethod,
  PaymentStatus,
  SessionStatus,
} from './protocol.js';

export interface Order {
  id: number;
  status: OrderStatus;
  status_display: string;
  total_amount: string;
  items_count: number;
  created_at: string;
  confirmed_at: string | null;
  ready_at: string | null;
  delivered_at: string | null;
  cancelled_at: string | null;
  reason: string | null;
  payment_status: PaymentStatus;
  paid_amount: string;
  balance: string;
  refund_due: boolean;
  refund_amount: string;
  currency: string;
  restaurant_id: number;
  session_id: number;
  table_id: number;
  table_number: string;
  waiter_id: number | null;
}

export interface OrderItem {
  item_id: number;
  menu_item_id: number | null;
  name: string;
  quantity: number;
  unit_price: string;
  total: string;
  notes: string;
  status: ItemStatus;
  reason: string | null;
}

export interface Items {
  order_id: number;
  status: OrderStatus;
  items: OrderItem[];
  items_count: number;
  total_amount: string;
  currency: string;
}

/** The session that is open on a table. Kitchens are not told its code. */
export interface TableSession {
  id: number;
  session_code?: string;
  guests_count: number;
  started_at: string;
  waiter_id: number | null;
}

export interface Table {
  table_id: number;
  table_number: string;
  is_occupied: boolean;
  is_active: boolean;
  zone: string;
  seats: number;
  waiter_id: number | null;
  restaurant: string;
  restaurant_id: number;
  code_version: number;
  session: TableSession | null;
}

/** An order as its session lists it. */
export interface SessionOrder {
  order_id: number;
  status: OrderStatus;
  payment_status: PaymentStatus;
  total_amount: string;
  balance: string;
  items_count: number;
  created_at: string;
}

/** A guest's call; `escalated` is 1 when the zone has heard of it, 2 when the managers have.
    `acknowledged_by` is `waiter:<id>`, or another role alone. */
export interface Call {
  call_id: string;
  reason: CallReason;
  status: CallStatus;
  escalated: number;
  opened_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  resolved_at: string | null;
}

export interface Session {
  id: number;
  session_code: string;
  status: SessionStatus;
  guests_count: number;
  started_at: string;
  closed_at: string | null;
  restaurant_id: number;
  table_id: number;
  table_number: string;
  zone: string;
  waiter_id: number | null;
  currency: string;
  orders: SessionOrder[];
  total_amount: string;
  balance: string;
  calls: Call[];
}

/** What every notification has; beyond it each has the fields of its cause. */
export interface Notification {
  notification_id: string;
  kind: string;
  message: string;
  created_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
}

/** `kind` is `new_order` or `order_ready`. */
export interface OrderNotification extends Notification {
  order_id: number;
  table_id: number;
  table_number: string;
  items_count: number;
}

export interface PaymentNotification extends OrderNotification {
  amount: string;
  method: PaymentMethod;
  balance: string;
  payment_status: PaymentStatus;
}

/** Of kind `task`: for one waiter. Of kind `call`: a guest's, with what it is about. */
export interface TaskNotification extends Notification {
  table_id: number | null;
  waiter_id?: number;
  call_id?: string;
  reason?: CallReason;
  session_id?: number;
  table_number?: string;
  escalated_to?: "zone" | "managers";
}

/** For one waiter, or for all where it names none. */
export interface Alert extends Notification {
  table_id: number | null;
  waiter_id?: number;
  table_number?: string;
}

export interface ListedOrderNotification extends OrderNotification {
  type: "order_notification";
}

export interface ListedPaymentNotification extends PaymentNotification {
  type: "payment_notification";
}

export interface ListedTaskNotification extends TaskNotification {
  type: "task_notification";
}

export interface ListedAlert extends Alert {
  type: "alert";
}

export type Listed =
  | ListedOrderNotification
  | ListedPaymentNotification
  | ListedTaskNotification
  | ListedAlert;

/** Replaces an event that its receiver may not see, so that `seq` has no gap: kitchens get it
    for payments and their acknowledgements. */
export interface Withheld {
}

export interface Waiter {
  waiter_id: number;
  name: string;
  restaurant_id: number;
  restaurant: string;
  tasks: Listed[];
}

export interface Notifications {
  restaurant_id: number;
  notifications: Listed[];
}

/** An order as its restaurant lists and announces it. `table_id` and `zone` are null for orders
    from before they were reported; `table_number` is unique in restaurants made since. */
export interface RestaurantOrder extends SessionOrder {
  table_id: number | null;
  table_number: string;
  zone: string | null;
}

export interface Tables {
  total: number;
  active: number;
  occupied: number;
  list: Table[];
}

export interface Colleague {
  waiter_id: number;
  name: string;
}

/** What was done so far, and on `day`, that of the last payment there. Times are seconds. */
export interface Figures {
  orders: number;
  cancelled: number;
  payments: number;
  paid_amount: string;
  day: string | null;
  day_payments: number;
  day_paid_amount: string;
  calls_acknowledged: number;
  mean_acknowledged_s: number | null;
  slowest_acknowledged_s: number | null;
  calls_resolved: number;
  mean_resolved_s: number | null;
  slowest_resolved_s: number | null;
}

/** Kitchens are not told the figures. */
export interface Restaurant {
  id: number;
  name: string;
  currency: string;
  timezone: string;
  guest_opens_table: boolean;
  tables: Tables;
  open_orders: RestaurantOrder[];
  waiters: Colleague[];
  figures?: Figures;
}

export interface Announcement {
  message: string;
  by: string;
  sent_at: string;
}

export interface MenuItem {
  id: number;
  name: string;
  description: string;
  price: string;
  available: boolean;
}

export interface MenuCategory {
  name: string;
  items: MenuItem[];
}

export interface MenuCard {
  menu_version: number;
  currency: string;
  categories: MenuCategory[];
}

export interface Menu extends MenuCard {
  restaurant_id: number;
  restaurant: string;
  timezone: string;
}

/** A waiter's phone or a kitchen's screen; `expires_at` is its code's until it is signed in. */
export interface Device {
  device_id: number;
  label: string;
  role: "waiter" | "kitchen";
  waiter_id: number | null;
  added_at: string;
  added_by: string;
  signed_in_at: string | null;
  expires_at: string;
}

export interface Devices {
  restaurant_id: number;
  devices: Device[];
}

/** Signed out, or over. */
export interface DeviceGone {
  device_id: number;
}

/** With its entity's version, as of an ack; `expected_version` of an action is such. */
export type Versioned<T> = T & { version: number };

/** What each channel's snapshot says. */
export interface Data {
  order: Versioned<Order>;
  items: Versioned<Items>;
  table: Versioned<Table>;
  session: Versioned<Session>;
  waiter: Versioned<Waiter>;
  restaurant: Versioned<Restaurant>;
  notifications: Versioned<Notifications>;
  menu: Versioned<Menu>;
  devices: Versioned<Devices>;
}

/** The types of message of each channel, and the data of each. */
export interface Messages {
  order: {
    order_status: Versioned<Order>;
    order_update: Versioned<Order>;
    order_items_update: Versioned<Items>;
  };
  items: {
    items_list: Versioned<Items>;
    items_updated: Versioned<Items>;
  };
  table: {
    table_status: Versioned<Table>;
    table_update: Versioned<Table>;
  };
  session: {
    session_status: Versioned<Session>;
    session_update: Versioned<Session>;
  };
  waiter: {
    tasks_list: Versioned<Waiter>;
    order_notification: Versioned<OrderNotification>;
    payment_notification: Versioned<PaymentNotification>;
    task_notification: Versioned<TaskNotification>;
    alert: Versioned<Alert>;
    notification_acknowledged: Versioned<PaymentNotification | OrderNotification | TaskNotification | Alert>;
  };
  restaurant: {
    restaurant_status: Versioned<Restaurant>;
    new_order: Versioned<RestaurantOrder>;
    order_ready: Versioned<RestaurantOrder>;
    payment_completed: Versioned<RestaurantOrder>;
    broadcast: Versioned<Announcement>;
    table_update: Versioned<Table>;
  };
  notifications: {
    notifications_list: Versioned<Notifications>;
    order_notification: Versioned<OrderNotification>;
    payment_notification: Versioned<PaymentNotification>;
    task_notification: Versioned<TaskNotification>;
    alert: Versioned<Alert>;
    notification_acknowledged: Versioned<PaymentNotification | OrderNotification | TaskNotification | Alert>;
    withheld: Versioned<Withheld>;
  };
  menu: {
    menu: Versioned<Menu>;
    menu_update: Versioned<Menu>;
  };
  devices: {
    devices: Versioned<Devices>;
    device_added: Versioned<Device>;
    device_signed_in: Versioned<Device>;
    device_removed: Versioned<DeviceGone>;
  };
}
