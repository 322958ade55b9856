require 'coldmoon'.on_shutdown(print)
error('oops')
