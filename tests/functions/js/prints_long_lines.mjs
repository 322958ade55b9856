export const handler = (event) => {
  const line = `${String.fromCharCode(65 + event).repeat(100000)}\n`;
  for (let i = 0; i < 20; i++) process.stdout.write(line);
  return 1;
};
