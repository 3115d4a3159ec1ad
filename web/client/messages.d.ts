// Written by `make docs` from `restaurant_qr_wire/` and `protocol/`; changes belong there.

export type OrderStatus = "pending" | "confirmed" | "ready" | "delivered" | "cancelled";
export type ItemStatus = "pending" | "ready" | "voided";
export type PaymentStatus = "unpaid" | "partially_paid" | "paid" | "refunded";
export type Allergen =
  | "gluten"
  | "crustaceans"
  | "eggs"
  | "fish"
  | "peanuts"
  | "soybeans"
  | "milk"
  | "nuts"
  | "celery"
  | "mustard"
  | "sesame"
  | "sulphites"
  | "lupin"
  | "molluscs";
export type SessionStatus = "open" | "closed";
export type CallReason = "waiter" | "bill" | "other";
export type CallStatus = "open" | "acknowledged" | "resolved";
export type ListedNotification =
  ListedOrderNotification | ListedPaymentNotification | ListedTaskNotification | ListedAlert;
export type PaymentMethod = "cash" | "card" | "online" | "voucher" | "other";
export type Diet = "vegetarian" | "vegan" | "pescatarian" | "halal" | "kosher";
export type ErrorCode =
  | "invalid_json"
  | "invalid_message"
  | "unknown_action"
  | "not_found"
  | "forbidden"
  | "unauthenticated"
  | "invalid_transition"
  | "version_conflict"
  | "idempotency_conflict"
  | "table_occupied"
  | "table_inactive"
  | "session_closed"
  | "unsettled"
  | "overpayment"
  | "rate_limited"
  | "item_unavailable"
  | "invalid_options"
  | "price_changed"
  | "too_large"
  | "internal_error"
  | "unavailable";
export type CloseCode = 1009 | 1012 | 4400 | 4401 | 4403 | 4404 | 4408 | 4429;

export interface Protocol {
  Actions: Actions;
  Data: Data;
  Messages: Messages;
  ErrorCode: ErrorCode;
  CloseCode: CloseCode;
  Notification: Notification;
}
export interface Actions {
  order: {
    get_status: GetStatus;
    update_status: UpdateStatus;
  };
  items: {
    get_items: GetItems;
    update_item: UpdateItem;
  };
  table: {
    get_status: GetStatus;
    occupy: Occupy;
    release: Release;
  };
  session: {
    get_status: GetStatus;
    update_guests_count: UpdateGuestsCount;
    close_session: CloseSession;
    call_waiter: CallWaiter;
    place_order: PlaceOrder;
  };
  waiter: {
    get_tasks: GetTasks;
    acknowledge: Acknowledge;
  };
  restaurant: {
    get_status: GetStatus;
  };
  notifications: {
    get_notifications: GetNotifications;
    acknowledge: Acknowledge;
  };
  menu: {
    get_menu: GetMenu;
  };
  devices: {
    get_devices: GetDevices;
  };
}
/**
 * A channel's snapshot for its caller alone, whichever of the `get_*` words was used.
 */
export interface GetStatus {
  action: "get_status";
  request_id?: string | null;
  expected_version?: number | null;
}
export interface UpdateStatus {
  action: "update_status";
  status: OrderStatus;
  reason?: string | null;
  request_id?: string | null;
  expected_version?: number | null;
}
/**
 * A channel's snapshot for its caller alone, whichever of the `get_*` words was used.
 */
export interface GetItems {
  action: "get_items";
  request_id?: string | null;
  expected_version?: number | null;
}
export interface UpdateItem {
  action: "update_item";
  item_id: number;
  status: ItemStatus;
  reason?: string | null;
  request_id?: string | null;
  expected_version?: number | null;
}
export interface Occupy {
  action: "occupy";
  guests_count?: number;
  waiter_id?: number | null;
  request_id?: string | null;
  expected_version?: number | null;
}
export interface Release {
  action: "release";
  force?: boolean;
  reason?: string | null;
  request_id?: string | null;
  expected_version?: number | null;
}
export interface UpdateGuestsCount {
  action: "update_guests_count";
  guests_count: number;
  request_id?: string | null;
  expected_version?: number | null;
}
export interface CloseSession {
  action: "close_session";
  force?: boolean;
  reason?: string | null;
  request_id?: string | null;
  expected_version?: number | null;
}
export interface CallWaiter {
  action: "call_waiter";
  reason?: "waiter" | "bill" | "other";
  request_id?: string | null;
  expected_version?: number | null;
}
export interface PlaceOrder {
  action: "place_order";
  /**
   * @minItems 1
   * @maxItems 100
   */
  items: (MenuLine | FreeLine)[];
  expected_total?: string | null;
  request_id?: string | null;
  expected_version?: number | null;
}
/**
 * A wish for an item of the menu; name and price come from the menu at that moment.
 */
export interface MenuLine {
  menu_item_id: number;
  quantity?: number;
  /**
   * @maxItems 50
   */
  options?: LineOption[];
  notes?: string;
}
/**
 * An option that is chosen for one line.
 */
export interface LineOption {
  option_id: number;
  quantity?: number;
}
/**
 * A wish in free text with a price; staff only.
 */
export interface FreeLine {
  name: string;
  unit_price: string;
  quantity?: number;
  notes?: string;
}
/**
 * A channel's snapshot for its caller alone, whichever of the `get_*` words was used.
 */
export interface GetTasks {
  action: "get_tasks";
  request_id?: string | null;
  expected_version?: number | null;
}
export interface Acknowledge {
  action: "acknowledge";
  notification_id: string;
  request_id?: string | null;
  expected_version?: number | null;
}
/**
 * A channel's snapshot for its caller alone, whichever of the `get_*` words was used.
 */
export interface GetNotifications {
  action: "get_notifications";
  request_id?: string | null;
  expected_version?: number | null;
}
/**
 * A channel's snapshot for its caller alone, whichever of the `get_*` words was used.
 */
export interface GetMenu {
  action: "get_menu";
  request_id?: string | null;
  expected_version?: number | null;
}
/**
 * A channel's snapshot for its caller alone, whichever of the `get_*` words was used.
 */
export interface GetDevices {
  action: "get_devices";
  request_id?: string | null;
  expected_version?: number | null;
}
export interface Data {
  order: Order & Version;
  items: Items & Version;
  table: Table & Version;
  session: Session & Version;
  waiter: Waiter & Version;
  restaurant: Restaurant & Version;
  notifications: Notifications & Version;
  menu: Menu & Version;
  devices: Devices & Version;
}
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
export interface Version {
  version: number;
}
export interface Items {
  order_id: number;
  status: OrderStatus;
  items: OrderItem[];
  items_count: number;
  total_amount: string;
  currency: string;
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
  options: ChosenOption[];
  allergens: Allergen[] | null;
}
/**
 * An option of one line; `price` is that of one.
 */
export interface ChosenOption {
  option_id: number;
  name: string;
  quantity: number;
  price: string;
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
/**
 * The session that is open on a table. Kitchens do not get its code.
 */
export interface TableSession {
  id: number;
  session_code?: string;
  guests_count: number;
  started_at: string;
  waiter_id: number | null;
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
/**
 * An order as its session lists it.
 */
export interface SessionOrder {
  order_id: number;
  status: OrderStatus;
  payment_status: PaymentStatus;
  total_amount: string;
  balance: string;
  items_count: number;
  created_at: string;
}
/**
 * A guest's call; `escalated` is 1 once the zone is notified, 2 once the managers are.
 * `acknowledged_by` is `waiter:<id>`, or another role alone.
 */
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
export interface Waiter {
  waiter_id: number;
  name: string;
  restaurant_id: number;
  restaurant: string;
  tasks: ListedNotification[];
}
export interface ListedOrderNotification {
  notification_id: string;
  kind: string;
  message: string;
  created_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  order_id: number;
  table_id: number;
  table_number: string;
  items_count: number;
  type: "order_notification";
}
export interface ListedPaymentNotification {
  notification_id: string;
  kind: string;
  message: string;
  created_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  order_id: number;
  table_id: number;
  table_number: string;
  items_count: number;
  amount: string;
  method: PaymentMethod;
  balance: string;
  payment_status: PaymentStatus;
  type: "payment_notification";
}
export interface ListedTaskNotification {
  notification_id: string;
  kind: string;
  message: string;
  created_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  table_id: number | null;
  waiter_id?: number;
  call_id?: string;
  reason?: CallReason;
  session_id?: number;
  table_number?: string;
  escalated_to?: "zone" | "managers";
  type: "task_notification";
}
export interface ListedAlert {
  notification_id: string;
  kind: string;
  message: string;
  created_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  table_id: number | null;
  waiter_id?: number;
  table_number?: string;
  type: "alert";
}
/**
 * Kitchens do not get the figures.
 */
export interface Restaurant {
  id: number;
  name: string;
  currency: string;
  timezone: string;
  guest_opens_table: boolean;
  tables: Tables;
  open_orders: RestaurantOrder[];
  waiters: WaiterSummary[];
  figures?: Statistics;
}
export interface Tables {
  total: number;
  active: number;
  occupied: number;
  list: Table[];
}
/**
 * An order as its restaurant lists and announces it. `table_id` and `zone` are null for orders
 * from before they were reported; `table_number` is unique in restaurants made since.
 */
export interface RestaurantOrder {
  order_id: number;
  status: OrderStatus;
  payment_status: PaymentStatus;
  total_amount: string;
  balance: string;
  items_count: number;
  created_at: string;
  table_id: number | null;
  table_number: string;
  zone: string | null;
}
export interface WaiterSummary {
  waiter_id: number;
  name: string;
}
/**
 * Totals, and those of `day`, the day of the last payment there. Times are in seconds.
 */
export interface Statistics {
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
export interface Notifications {
  restaurant_id: number;
  notifications: ListedNotification[];
}
export interface Menu {
  restaurant_id: number;
  restaurant: string;
  timezone: string;
  menu_version: number;
  currency: string;
  categories: MenuCategory[];
  option_groups: OptionGroup[];
}
export interface MenuCategory {
  name: string;
  translations: {
    [k: string]: Translation;
  };
  items: MenuItem[];
}
export interface Translation {
  name: string;
  description: string;
}
/**
 * `translations` are by language, as BCP 47 tags. `allergens` are null if not declared.
 */
export interface MenuItem {
  id: number;
  name: string;
  description: string;
  translations: {
    [k: string]: Translation;
  };
  price: string;
  available: boolean;
  allergens: Allergen[] | null;
  diets: Diet[];
  option_group_ids: number[];
}
/**
 * Options of which `min` to `max` are chosen.
 */
export interface OptionGroup {
  id: number;
  name: string;
  translations: {
    [k: string]: Translation;
  };
  min: number;
  max: number;
  options: MenuOption[];
}
/**
 * `price` is added to the dish's; `allergens` are null if not declared.
 */
export interface MenuOption {
  id: number;
  name: string;
  translations: {
    [k: string]: Translation;
  };
  price: string;
  available: boolean;
  allergens: Allergen[] | null;
  max_each: number;
}
export interface Devices {
  restaurant_id: number;
  devices: Device[];
}
/**
 * A waiter's phone or a kitchen's screen; `expires_at` is its code's until it is signed in.
 */
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
export interface Messages {
  order: {
    order_status: Order & Version;
    order_update: Order & Version;
    order_items_update: Items & Version;
  };
  items: {
    items_list: Items & Version;
    items_updated: Items & Version;
  };
  table: {
    table_status: Table & Version;
    table_update: Table & Version;
  };
  session: {
    session_status: Session & Version;
    session_update: Session & Version;
  };
  waiter: {
    tasks_list: Waiter & Version;
    order_notification: OrderNotification & Version;
    payment_notification: PaymentNotification & Version;
    task_notification: TaskNotification & Version;
    alert: Alert & Version;
    notification_acknowledged: (PaymentNotification | OrderNotification | TaskNotification | Alert) & Version;
  };
  restaurant: {
    restaurant_status: Restaurant & Version;
    new_order: RestaurantOrder & Version;
    order_ready: RestaurantOrder & Version;
    payment_completed: RestaurantOrder & Version;
    broadcast: Announcement & Version;
    table_update: Table & Version;
  };
  notifications: {
    notifications_list: Notifications & Version;
    order_notification: OrderNotification & Version;
    payment_notification: PaymentNotification & Version;
    task_notification: TaskNotification & Version;
    alert: Alert & Version;
    notification_acknowledged: (PaymentNotification | OrderNotification | TaskNotification | Alert) & Version;
    withheld: Withheld & Version;
  };
  menu: {
    menu: Menu & Version;
    menu_update: Menu & Version;
  };
  devices: {
    devices: Devices & Version;
    device_added: Device & Version;
    device_signed_in: Device & Version;
    device_removed: DeviceRemoved & Version;
  };
}
/**
 * `kind` is `new_order` or `order_ready`.
 */
export interface OrderNotification {
  notification_id: string;
  kind: string;
  message: string;
  created_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  order_id: number;
  table_id: number;
  table_number: string;
  items_count: number;
}
export interface PaymentNotification {
  notification_id: string;
  kind: string;
  message: string;
  created_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  order_id: number;
  table_id: number;
  table_number: string;
  items_count: number;
  amount: string;
  method: PaymentMethod;
  balance: string;
  payment_status: PaymentStatus;
}
/**
 * Of kind `task`: for one waiter. Of kind `call`: a guest's, with what it is about.
 */
export interface TaskNotification {
  notification_id: string;
  kind: string;
  message: string;
  created_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  table_id: number | null;
  waiter_id?: number;
  call_id?: string;
  reason?: CallReason;
  session_id?: number;
  table_number?: string;
  escalated_to?: "zone" | "managers";
}
/**
 * For one waiter, or for all where it names none.
 */
export interface Alert {
  notification_id: string;
  kind: string;
  message: string;
  created_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  table_id: number | null;
  waiter_id?: number;
  table_number?: string;
}
export interface Announcement {
  message: string;
  by: string;
  sent_at: string;
}
/**
 * Replaces an event that its receiver may not see, so that `seq` has no gap: kitchens get it
 * for payments and their acknowledgements.
 */
export interface Withheld {}
/**
 * Signed out, or over.
 */
export interface DeviceRemoved {
  device_id: number;
}
/**
 * The fields of every notification. Each also has the fields of its cause.
 */
export interface Notification {
  notification_id: string;
  kind: string;
  message: string;
  created_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
}
