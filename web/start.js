/** Redirects QR codes that were printed when the guest page was at `/`. */

if (location.hash.startsWith('#join=')) location.replace(`guest/${location.hash}`);
