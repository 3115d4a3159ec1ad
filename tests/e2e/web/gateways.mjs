// Finds the gateway processes of the service under test.
import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of this service's gateways; gateways of other services on this machine are left out. */
export function gateways() {
  const ours = `RESTAURANT_QR_DATA_DIR=${process.env.RESTAURANT_QR_TEST_DATA}\0`;
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try {
      return (
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('ray::ServeReplica:') &&
        readFileSync(`/proc/${pid}/environ`, 'utf8').includes(ours)
      );
    } catch {
      return false; // the process has ended
    }
  }).map(Number);
}
