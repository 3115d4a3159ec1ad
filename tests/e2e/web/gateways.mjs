// The gateways of the service under test, as processes.
import { readdirSync, readFileSync } from 'node:fs';

/** The processes of the service's gateways, and of no other service on this machine. */
export function gateways() {
  const ours = `RESTAURANT_QR_DATA_DIR=${process.env.RESTAURANT_QR_TEST_DATA}\0`;
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try {
      return (
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('ray::ServeReplica:') &&
        readFileSync(`/proc/${pid}/environ`, 'utf8').includes(ours)
      );
    } catch {
      return false; // it has ended meanwhile
    }
  }).map(Number);
}
