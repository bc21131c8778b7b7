// Fastify 5 + undici, with a response schema, as its guide recommends.
import Fastify from 'fastify'
import { home } from './home.js'

const text = { type: 'string' }
const record = (properties) => ({ type: 'object', properties })
const page = record({
  user: record({ userId: text, displayName: text, avatarUrl: text, loyaltyTier: text }),
  recentOrders: {
    type: 'array',
    items: record({ orderId: text, status: text, estimatedDelivery: text, itemCount: { type: 'integer' } }),
  },
  recommendations: {
    type: 'array',
    items: record({ productId: text, thumbnailUrl: text, title: text, priceFormatted: text }),
  },
})

const app = Fastify({ logger: false })

app.get('/mobile/v1/home', { schema: { response: { 200: page } } }, (request) => home(request.headers['x-user-id']))

await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
