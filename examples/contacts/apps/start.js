// Starts both applications, on the loopback unless HOST says otherwise: `node examples/contacts/apps/start.js`. Ctrl-C stops them.
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { createCrm } from './crm.js'
import { createShop } from './shop.js'

/** @param {{ host?: string, crmPort?: number, shopPort?: number, buysEverySeconds?: number }} options */
export async function startApps({ host = '127.0.0.1', crmPort = 4801, shopPort = 4802, buysEverySeconds } = {}) {
  const crm = createCrm()
  const shop = createShop()
  const crmUrl = await listen(crm.server, { host, port: crmPort })
  const shopUrl = await listen(shop.server, { host, port: shopPort })
  const timer = buysEverySeconds && setInterval(buysInTurn(crm), buysEverySeconds * 1000)
  const close = () => {
    clearInterval(timer)
    for (const { server } of [crm, shop]) {
      server.close()
      server.closeAllConnections()
    }
  }
  return { crm, shop, crmUrl, shopUrl, close }
}

async function listen(server, { host, port }) {
  server.listen(port, host)
  await once(server, 'listening')
  return `http://${host}:${server.address().port}`
}

/** One customer after the other buys something, so that there is always something new. */
function buysInTurn(crm) {
  let count = 0
  return () => crm.buy((count++ % 7) + 1, 250)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { crmUrl, shopUrl } = await startApps({ host: process.env.HOST, buysEverySeconds: 3 })
  console.log(`CRM  ${crmUrl}\nshop ${shopUrl}`)
}
