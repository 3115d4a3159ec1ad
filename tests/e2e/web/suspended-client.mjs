// A client in a process of its own, which its parent suspends: sends every status and event to the parent.
import { RestaurantQR } from '../../../web/client/index.js';
import { FAST_SETTINGS } from './harness.mjs';

const onStatus = ({ state }) => process.send({ state });
const qr = new RestaurantQR({ ...FAST_SETTINGS, url: process.env.SUSPENDED_CLIENT_URL, onStatus });
const session = qr.session(process.env.SUSPENDED_CLIENT_SESSION);
session.on('event', (data, { seq }) => process.send({ seq }));
process.on('disconnect', () => process.exit());
