// Written by `make docs` from `restaurant_qr_wire/` and `protocol/`; changes belong there.

export const PATHS = Object.freeze({
  "order": "/ws/orders/{id}/",
  "items": "/ws/orders/{id}/items/",
  "table": "/ws/tables/{id}/",
  "session": "/ws/tables/sessions/{id}/",
  "waiter": "/ws/waiters/{id}/",
  "restaurant": "/ws/restaurants/{id}/",
  "notifications": "/ws/restaurants/{id}/notifications/",
  "menu": "/ws/restaurants/{id}/menu/",
  "devices": "/ws/restaurants/{id}/devices/"
});

export const SNAPSHOT_ACTIONS = Object.freeze({
  "order": "get_status",
  "items": "get_items",
  "table": "get_status",
  "session": "get_status",
  "waiter": "get_tasks",
  "restaurant": "get_status",
  "notifications": "get_notifications",
  "menu": "get_menu",
  "devices": "get_devices"
});

export const CODES = Object.freeze([
  "invalid_json",
  "invalid_message",
  "unknown_action",
  "not_found",
  "forbidden",
  "unauthenticated",
  "invalid_transition",
  "version_conflict",
  "idempotency_conflict",
  "table_occupied",
  "table_inactive",
  "session_closed",
  "unsettled",
  "overpayment",
  "rate_limited",
  "item_unavailable",
  "invalid_options",
  "price_changed",
  "too_large",
  "internal_error",
  "unavailable"
]);

export const RETRYABLE_CODES = Object.freeze([
  "rate_limited",
  "unavailable"
]);

export const ANSWER_FIELDS = Object.freeze([
  "changed",
  "data",
  "token",
  "url",
  "openapi"
]);

export const CLOSE = Object.freeze({
  "TOO_LARGE": 1009,
  "RESTART": 1012,
  "BAD_REQUEST": 4400,
  "UNAUTHENTICATED": 4401,
  "FORBIDDEN": 4403,
  "NOT_FOUND": 4404,
  "TOO_SLOW": 4408,
  "RATE_LIMITED": 4429
});

export const MAX_FRAME_BYTES = 65536;
