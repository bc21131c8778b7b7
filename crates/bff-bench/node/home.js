// The home page over undici: three calls at once, a timeout each, allow-listed fields, fallbacks for two sections.
import { Pool } from 'undici'

const services = new Pool(process.env.UPSTREAM, { connections: 128, pipelining: 1, keepAliveTimeout: 4000 })

async function fetchJson(path, timeout) {
  const { statusCode, body } = await services.request({
    path,
    method: 'GET',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeout),
  })
  if (statusCode !== 200) {
    await body.dump()
    throw new Error(`${path} answered ${statusCode}`)
  }
  return body.json()
}

export async function home(userId) {
  const [user, orders, recommendations] = await Promise.allSettled([
    fetchJson(`/users/${userId}`, 300),
    fetchJson(`/users/${userId}/orders?limit=3`, 200),
    fetchJson(`/users/${userId}/recommendations?limit=6`, 200),
  ])
  if (user.status === 'rejected') throw user.reason
  const { displayName, avatarUrl, loyaltyTier } = user.value
  return {
    user: { userId: user.value.userId, displayName, avatarUrl, loyaltyTier },
    recentOrders: (orders.value?.orders ?? []).map(({ orderId, status, eta, itemCount }) => ({
      orderId,
      status,
      estimatedDelivery: eta,
      itemCount,
    })),
    recommendations: (recommendations.value?.items ?? []).map(
      ({ productId, thumbnailUrl, title, priceFormatted }) => ({ productId, thumbnailUrl, title, priceFormatted }),
    ),
  }
}
