// Express 5 + undici, as most Node teams write a BFF.
import express from 'express'
import { home } from './home.js'

const app = express()

app.get('/mobile/v1/home', async (request, response) => {
  response.json(await home(request.get('x-user-id')))
})

// Express knows an error handler by its four arguments.
app.use((error, _request, response, _next) => {
  response.status(502).json({ error: error.message })
})

app.listen(Number(process.env.PORT), '127.0.0.1')
