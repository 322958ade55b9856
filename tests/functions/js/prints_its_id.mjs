export const handler = (_, context) => {
  for (let i = 0; i < 50; i++) process.stdout.write(`${context.awsRequestId}\n`);
  return 1;
};
