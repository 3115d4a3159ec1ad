/** Codes that were printed before the guests' page had an address of its own lead there. */

if (location.hash.startsWith('#join=')) location.replace(`guest/${location.hash}`);
