export const handler = (event) => {
  process.stdout.write('a line\n');
  process.stderr.write('another\n');
  return event;
};
