export const handler = (event) => { if (event.n % 10 === 0) throw new Error('every tenth'); return event; };
