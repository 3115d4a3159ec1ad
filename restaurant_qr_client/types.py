"""The data of the service's messages."""

from restaurant_qr_wire.menu import *
from restaurant_qr_wire.messages import *
from restaurant_qr_wire.notifications import *
from restaurant_qr_wire.snapshots import *
from restaurant_qr_wire.values import *
