/** What of a claim its host does not give back. */

/** It may hold secrets, is large, or is about this one start. */
export const NOT_IDENTITY = ['env', 'above', 'detectors', 'again', 'held'] as const
