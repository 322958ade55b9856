error('oops')
