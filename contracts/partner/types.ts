// The answers of the partner BFF. Made from its endpoint table by `make contracts ACCEPT=1`; not edited by hand.

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

/** Revision 1. */
export interface ListedProduct {
  productId: string;
  title: string;
  brand: string;
  category: string;
  price: string;
}

/** Revision 1. */
export interface Product {
  productId: string;
  title: string;
  description: string;
  price: string;
  imageUrls: string[];
}

/** Revision 1. */
export interface ProductList {
  items: ListedProduct[];
  nextCursor?: string;
}

/** Revision 2. */
export interface ProductRecord {
  product: Product;
  unitsInStock?: number;
}

/** Every route by its operation. */
export interface Operations {
  getProductList: {
    method: "GET";
    path: "/v2/products";
    body: undefined;
    answer: Enveloped<ProductList>;
  };
  getProductRecord: {
    method: "GET";
    path: "/v2/products/{product}";
    body: undefined;
    answer: Enveloped<ProductRecord>;
  };
}
