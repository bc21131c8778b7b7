// The answers of the web BFF. Made from its endpoint table by `make contracts ACCEPT=1`; not edited by hand.

/** A section that is not what its service would have said just now. */
export interface DegradedSection {
  section: string;
  filled: "default" | "stale" | "absent";
  ageSeconds?: number;
  reason: "UNAVAILABLE" | "TIMEOUT" | "OVERLOAD" | "INVALID" | "NOT_FOUND" | "FORBIDDEN" | "CONFLICT" | "REFUSED" | "UNAUTHENTICATED";
}

/** What the envelope says about the answer itself. */
export interface Meta {
  traceId: string;
  /** RFC 3339. */
  generatedAt: string;
  latencyMs: number;
  degraded: boolean;
  sections: DegradedSection[];
}

/** A view as it arrives. */
export type Enveloped<View> = View & { meta: Meta };

/** Every error (RFC 9457): `code` is for programs, `message` may be shown to a person. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  message: string;
  traceId: string;
  retryable: boolean;
}

/** Revision 2. */
export interface Cart {
  units: number;
  totalFormatted: string;
  lines: CartLine[];
}

/** Revision 2. */
export interface CartLine {
  productId: string;
  title: string;
  units: number;
  totalFormatted: string;
}

/** Revision 1. */
export interface Me {
  displayName: string;
  email: string;
  avatarUrl: string;
}

/** Revision 2. */
export interface NewItem {
  productId: string;
  units: number;
}

/** Revision 2. */
export interface OrderRow {
  orderId: string;
  placedAt: string;
  status: "PROCESSING" | "SHIPPED" | "DELIVERED" | "CANCELLED" | "UNKNOWN";
  itemCount: number;
  totalFormatted: string;
}

/** Revision 2. */
export interface OrdersPage {
  orders: OrderRow[];
}

/** Revision 1. */
export interface Product {
  productId: string;
  title: string;
  description: string;
  priceFormatted: string;
  imageUrls: string[];
  specs: Spec[];
}

/** Revision 1. */
export interface ProductCard {
  productId: string;
  title: string;
  priceFormatted: string;
  thumbnailUrl: string;
}

/** Revision 2. */
export interface ProductPage {
  product: Product;
  price: string;
  availability: string;
  reviews: Reviews;
  recommendations: ProductCard[];
}

/** Revision 2. */
export interface Review {
  author: string;
  rating: number;
  title: string;
  text: string;
}

/** Revision 2. */
export interface Reviews {
  summary: Stars;
  items: Review[];
}

/** Revision 1. */
export interface Spec {
  name: string;
  value: string;
}

/** Revision 2. */
export interface Stars {
  average?: number;
  count: number;
}

/** Every route by its operation. */
export interface Operations {
  getProductPage: {
    method: "GET";
    path: "/web/v1/products/{product}";
    body: undefined;
    answer: Enveloped<ProductPage>;
  };
  getMe: {
    method: "GET";
    path: "/web/v1/me";
    body: undefined;
    answer: Enveloped<Me>;
  };
  getOrdersPage: {
    method: "GET";
    path: "/web/v1/orders";
    body: undefined;
    answer: Enveloped<OrdersPage>;
  };
  postCart: {
    method: "POST";
    path: "/web/v1/cart/items";
    body: NewItem;
    answer: Enveloped<Cart>;
  };
}
