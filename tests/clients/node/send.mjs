// One of the libraries, unmodified, sends what a shop's server would: node send.mjs LIBRARY ADDRESS KEY USER
import { createRequire } from 'node:module'

const [library, address, key, user] = process.argv.slice(2)
const require = createRequire(import.meta.url)
const failed = []

const order = {
  order_id: `1001 of ${user}`, total: 12.9, currency: 'EUR',
  products: [{ product_id: 'wine', price: 9.5, quantity: 1 }, { product_id: 'bread', price: 3.4 }],
}

function tell(to) {
  to.identify({ userId: user, traits: { email: `${user.replaceAll(' ', '-')}@example.org`, firstName: 'Amina' } })
  to.track({ userId: user, event: 'Product Viewed', properties: { product_id: 'bread', price: 3.4 } })
  to.page({ userId: user, name: 'home', properties: { path: '/breads?utm=1' } })
  to.screen({ userId: user, name: 'start' })
  to.group({ userId: user, groupId: 'friends', traits: { name: 'Friends' } })
  to.alias({ userId: user, previousId: `tab of ${user}` })
  to.track({ userId: user, event: 'Order Completed', properties: order })
  to.track({ userId: 'nobody-asked', event: 'Product Viewed', properties: { product_id: 'bread' } })
}

if (library === 'rudderstack') {
  const Rudder = require('@rudderstack/rudder-sdk-node')
  const client = new (Rudder.default ?? Rudder)(key, {
    dataPlaneUrl: address, flushAt: 100, logLevel: 'error', errorHandler: (error) => failed.push(String(error)),
  })
  tell(client)
  await client.flush()
} else {
  const name = library === 'segment' ? '@segment/analytics-node' : '@customerio/cdp-analytics-node'
  const { Analytics } = require(name)
  const client = new Analytics({ writeKey: key, host: address, maxRetries: 5 })
  client.on('error', (error) => failed.push(String(error.reason ?? error.code ?? error)))
  tell(client)
  await client.closeAndFlush()
}
if (failed.length) {
  console.error(failed.join('\n'))
  process.exitCode = 1
}
