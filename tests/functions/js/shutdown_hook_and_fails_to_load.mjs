awslambda.onShutdown(() => {});
throw new Error('oops');
