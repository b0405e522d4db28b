/** How many forward moves of an expiry are remembered. */
export const rememberedMoves = 5;
