throw new Error('oops');
