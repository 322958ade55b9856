// What reached the function.
export const handler = (event, context) => ({
  id: context.awsRequestId, trace: context.traceId, client: context.clientContext, tenant: context.tenantId, event,
});
