// The answers of the mobile BFF. Made from its endpoint table by `make contracts ACCEPT=1`; not edited by hand.

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
export interface Home {
  user: Profile;
  recentOrders: OrderCard[];
  recommendations: ProductTile[];
}

/** Revision 2. */
export interface OrderCard {
  orderId: string;
  status: string;
  estimatedDelivery: string;
  itemCount: number;
}

/** Revision 1. */
export interface ProductScreen {
  productId: string;
  title: string;
  imageUrl?: string;
  price: string;
  availability: "IN_STOCK" | "SOLD_OUT" | "UNKNOWN";
}

/** Revision 1. */
export interface ProductTile {
  productId: string;
  thumbnailUrl: string;
  title: string;
  priceFormatted: string;
}

/** Revision 2. */
export interface Profile {
  userId: string;
  displayName: string;
  avatarUrl: string;
  loyaltyTier: "BRONZE" | "SILVER" | "GOLD" | "UNKNOWN";
}

/** Every route by its operation. */
export interface Operations {
  getHome: {
    method: "GET";
    path: "/mobile/v1/home";
    body: undefined;
    answer: Enveloped<Home>;
  };
  getProductScreen: {
    method: "GET";
    path: "/mobile/v1/products/{product}";
    body: undefined;
    answer: Enveloped<ProductScreen>;
  };
}
