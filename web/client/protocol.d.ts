// Written by `make docs` from `protocol/`; changes belong there.

export interface Acknowledge {
  request_id?: string | null;
  expected_version?: number | null;
  action: "acknowledge";
  notification_id: string;
}

export interface AddDevice {
  request_id?: string | null;
  expected_version?: number | null;
  action: "add_device";
  role: "waiter" | "kitchen";
  waiter_id?: number | null;
  label: string;
  shift_hours?: number;
}

export interface AddTable {
  request_id?: string | null;
  expected_version?: number | null;
  action: "add_table";
  number: string;
  zone: string;
  seats: number;
  waiter_id?: number | null;
}

export interface AddWaiter {
  request_id?: string | null;
  expected_version?: number | null;
  action: "add_waiter";
  name: string;
}

export interface AssignTask {
  request_id?: string | null;
  expected_version?: number | null;
  action: "assign_task";
  message: string;
  table_id?: number | null;
}

export interface Broadcast {
  request_id?: string | null;
  expected_version?: number | null;
  action: "broadcast";
  message: string;
}

export type CallReason = "waiter" | "bill" | "other";

export type CallStatus = "open" | "acknowledged" | "resolved";

export interface CallWaiter {
  request_id?: string | null;
  expected_version?: number | null;
  action: "call_waiter";
  reason?: CallReason;
}

export interface ChangeMenuItem {
  request_id?: string | null;
  expected_version?: number | null;
  action: "change_menu_item";
  item_id: number;
  available?: boolean | null;
  price?: string | null;
}

export interface ChangeRestaurant {
  request_id?: string | null;
  expected_version?: number | null;
  action: "change_restaurant";
  guest_opens_table?: boolean | null;
}

export interface ChangeTable {
  request_id?: string | null;
  expected_version?: number | null;
  action: "change_table";
  is_active?: boolean | null;
  zone?: string | null;
  seats?: number | null;
  waiter_id?: number | null;
}

export type ChannelName = 
  | "order"
  | "items"
  | "table"
  | "session"
  | "waiter"
  | "restaurant"
  | "notifications"
  | "menu"
  | "devices";

export type CloseCode = 1012 | 4400 | 4401 | 4403 | 4404 | 4408 | 4429;

export interface CloseSession {
  request_id?: string | null;
  expected_version?: number | null;
  action: "close_session";
  force?: boolean;
  reason?: string | null;
}

export interface CreateRestaurant {
  request_id?: string | null;
  expected_version?: number | null;
  action: "create_restaurant";
  name: string;
  currency: string;
  timezone: string;
}

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
  | "too_large"
  | "unavailable";

export interface FreeLine {
  name: string;
  unit_price: string;
  quantity?: number;
  notes?: string;
}

export interface Get {
  request_id?: string | null;
  expected_version?: number | null;
  action: "get_status" | "get_items" | "get_tasks" | "get_notifications" | "get_menu" | "get_devices";
}

export type ItemStatus = "pending" | "ready" | "voided";

export interface JoinSession {
  request_id?: string | null;
  expected_version?: number | null;
  action: "join_session";
  session_code?: string | null;
  table_code?: string | null;
}

export interface MenuCategoryInput {
  name: string;
  items: Array<MenuItemInput>;
}

export interface MenuItemInput {
  id?: number | null;
  name: string;
  description?: string;
  price: string;
  available?: boolean;
}

export interface MenuLine {
  menu_item_id: number;
  quantity?: number;
  notes?: string;
}

export interface Occupy {
  request_id?: string | null;
  expected_version?: number | null;
  action: "occupy";
  guests_count?: number;
  waiter_id?: number | null;
}

export type OrderStatus = "pending" | "confirmed" | "ready" | "delivered" | "cancelled";

export interface Pay {
  request_id?: string | null;
  expected_version?: number | null;
  action: "pay";
  amount: string;
  method: PaymentMethod;
}

export type PaymentMethod = "cash" | "card" | "online" | "voucher" | "other";

export type PaymentStatus = "unpaid" | "partially_paid" | "paid" | "refunded";

export interface PlaceOrder {
  request_id?: string | null;
  expected_version?: number | null;
  action: "place_order";
  items: Array<MenuLine | FreeLine>;
}

export interface RaiseAlert {
  request_id?: string | null;
  expected_version?: number | null;
  action: "raise_alert";
  message: string;
  table_id?: number | null;
}

export interface Refund {
  request_id?: string | null;
  expected_version?: number | null;
  action: "refund";
  reason: string;
}

export interface Release {
  request_id?: string | null;
  expected_version?: number | null;
  action: "release";
  force?: boolean;
  reason?: string | null;
}

export interface RemoveDevice {
  request_id?: string | null;
  expected_version?: number | null;
  action: "remove_device";
  device_id: number;
}

export interface ReplaceItems {
  request_id?: string | null;
  expected_version?: number | null;
  action: "replace_items";
  items: Array<MenuLine | FreeLine>;
}

export interface ReplaceMenu {
  request_id?: string | null;
  expected_version?: number | null;
  action: "replace_menu";
  categories: Array<MenuCategoryInput>;
}

export interface ReplaceTableCode {
  request_id?: string | null;
  expected_version?: number | null;
  action: "replace_table_code";
}

export type SessionStatus = "open" | "closed";

export interface UpdateCall {
  request_id?: string | null;
  expected_version?: number | null;
  action: "update_call";
  call_id: string;
  status: CallStatus;
}

export interface UpdateGuestsCount {
  request_id?: string | null;
  expected_version?: number | null;
  action: "update_guests_count";
  guests_count: number;
}

export interface UpdateItem {
  request_id?: string | null;
  expected_version?: number | null;
  action: "update_item";
  item_id: number;
  status: ItemStatus;
  reason?: string | null;
}

export interface UpdateStatus {
  request_id?: string | null;
  expected_version?: number | null;
  action: "update_status";
  status: OrderStatus;
  reason?: string | null;
}

/** What each channel can be asked, by the name of the action. */
export interface Actions {
  order: {
    get_status: Get;
    update_status: UpdateStatus;
  };
  items: {
    get_items: Get;
    update_item: UpdateItem;
  };
  table: {
    get_status: Get;
    occupy: Occupy;
    release: Release;
  };
  session: {
    get_status: Get;
    update_guests_count: UpdateGuestsCount;
    close_session: CloseSession;
    call_waiter: CallWaiter;
    place_order: PlaceOrder;
  };
  waiter: {
    get_tasks: Get;
    acknowledge: Acknowledge;
  };
  restaurant: {
    get_status: Get;
  };
  notifications: {
    get_notifications: Get;
    acknowledge: Acknowledge;
  };
  menu: {
    get_menu: Get;
  };
  devices: {
    get_devices: Get;
  };
}

export declare const PATHS: Readonly<Record<ChannelName, string>>;
export declare const LOOKS: {
  readonly order: "get_status";
  readonly items: "get_items";
  readonly table: "get_status";
  readonly session: "get_status";
  readonly waiter: "get_tasks";
  readonly restaurant: "get_status";
  readonly notifications: "get_notifications";
  readonly menu: "get_menu";
  readonly devices: "get_devices";
};
export declare const CODES: readonly string[];
export declare const RETRIED: readonly string[];
export declare const ANSWER_FIELDS: readonly string[];
export declare const CLOSE: {
  readonly RESTART: 1012;
  readonly MALFORMED: 4400;
  readonly UNAUTHENTICATED: 4401;
  readonly FORBIDDEN: 4403;
  readonly NOT_FOUND: 4404;
  readonly TOO_SLOW: 4408;
  readonly TOO_MANY: 4429;
};
export declare const MAX_FRAME_BYTES: number;
