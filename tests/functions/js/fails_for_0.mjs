export const handler = (event) => { if (event === 0) throw new Error('oops'); return event; };
