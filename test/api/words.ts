// The words in which fields are refused, and text that is far too long.
export const EXCHANGES =
  'Must be one of: NSE, NFO, CDS, BSE, BFO, BCD, MCX, NCDEX, NCO, NSE_INDEX, BSE_INDEX, MCX_INDEX, ' +
  'GLOBAL_INDEX, CRYPTO.'
export const DERIVATIVES = 'Must be one of: NFO, BFO, MCX, CDS, NCO, BCD, NCDEX, CRYPTO.'
export const MISSING = 'Missing data for required field.'
export const NULL = 'Field may not be null.'
export const NO_TEXT = 'Not a valid string.'
export const LENGTH = 'Length must be between 1 and 256.'
export const TOO_LONG = 'Longer than maximum length 256.'
export const HUGE = 'X'.repeat(50_000)
