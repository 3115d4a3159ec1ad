// A client in a process of its own, which is put to sleep: tells its parent all that it is told.
import { RestaurantQR } from '../../../web/client/index.js';
import { HASTY } from './house.mjs';

const onStatus = ({ state }) => process.send({ state });
const qr = new RestaurantQR({ ...HASTY, url: process.env.SLEEPER_URL, onStatus });
const session = qr.session(process.env.SLEEPER_SESSION);
session.on('event', (data, { seq }) => process.send({ seq }));
process.on('disconnect', () => process.exit());
