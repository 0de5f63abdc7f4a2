'use strict'

/** Started with the socket of a supervisor it starts processes; with that of a child it is one of them. */
if (process.env.WEIR_SUPERVISOR_SOCKET) require('./supervisor-main.cjs')
else require('./component-main.cjs')
