// OpenFeature's own library reads a slot through its OFREP provider: node flags.mjs ADDRESS KEY USER SLOT
import { OFREPProvider } from '@openfeature/ofrep-provider'
import { OpenFeature } from '@openfeature/server-sdk'

const [address, key, user, slot] = process.argv.slice(2)
const headersFactory = () => [['authorization', `Bearer ${key}`]]
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: address, headersFactory }))
const client = OpenFeature.getClient()
const context = { ...(user && { targetingKey: user }), count: 2, plan: 'gold' }
console.log(JSON.stringify(await client.getObjectDetails(slot, { items: ['fallback'] }, context)))
