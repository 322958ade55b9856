export const handler = (event) => { if (event === 2) throw new Error('oops'); return event; };
