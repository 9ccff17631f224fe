/** Loaded before a bridge (`--import`): its wall clock is off by CLOCK_SHIFT_MS. */
const shift = Number(process.env['CLOCK_SHIFT_MS'] ?? '0');
const real = Date.now;
Date.now = () => real() + shift;
