// The whole of the result is posted where it is no longer than the limit.
export const handler = (event) => event;
