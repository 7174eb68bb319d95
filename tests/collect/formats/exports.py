"""Files as shop systems export them: their headings to the letter, their rows invented."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence


def headings(text: str) -> tuple[str, ...]:
    """Headings between bars."""
    return tuple(heading.strip() for heading in text.split("|"))


SHOPIFY_ORDERS = headings(
    "Name|Email|Financial Status|Paid at|Fulfillment Status|Fulfilled at|Accepts Marketing|Currency|Subtotal|"
    "Shipping|Taxes|Total|Discount Code|Discount Amount|Shipping Method|Created at|Lineitem quantity|"
    "Lineitem name|Lineitem price|Lineitem compare at price|Lineitem sku|Lineitem requires shipping|"
    "Lineitem taxable|Lineitem fulfillment status|Billing Name|Billing Street|Billing Address1|Billing Address2|"
    "Billing Company|Billing City|Billing Zip|Billing Province|Billing Country|Billing Phone|Shipping Name|"
    "Shipping Street|Shipping Address1|Shipping Address2|Shipping Company|Shipping City|Shipping Zip|"
    "Shipping Province|Shipping Country|Shipping Phone|Notes|Note Attributes|Cancelled at|Payment Method|"
    "Payment Reference|Refunded Amount|Vendor|Outstanding Balance|Employee|Location|Device ID|Id|Tags|Risk Level|"
    "Source|Lineitem discount|Tax 1 Name|Tax 1 Value|Tax 2 Name|Tax 2 Value|Tax 3 Name|Tax 3 Value|Tax 4 Name|"
    "Tax 4 Value|Tax 5 Name|Tax 5 Value|Phone|Receipt Number|Duties|Billing Province Name|Shipping Province Name|"
    "Payment ID|Payment Terms Name|Next Payment Due At|Payment References"
)
SHOPIFY_CUSTOMERS = headings(
    "Customer ID|First Name|Last Name|Email|Accepts Email Marketing|Default Address Company|"
    "Default Address Address1|Default Address Address2|Default Address City|Default Address Province Code|"
    "Default Address Country Code|Default Address Zip|Default Address Phone|Phone|Accepts SMS Marketing|"
    "Total Spent|Total Orders|Note|Tax Exempt|Tags"
)
SHOPIFY_CUSTOMERS_BEFORE = headings(
    "First Name|Last Name|Email|Company|Address1|Address2|City|Province|Province Code|Country|Country Code|Zip|"
    "Phone|Accepts Marketing|Total Spent|Total Orders|Tags|Note|Tax Exempt"
)
MAILCHIMP = headings(
    "Email Address|First Name|Last Name|Phone Number|MEMBER_RATING|OPTIN_TIME|OPTIN_IP|CONFIRM_TIME|CONFIRM_IP|"
    "LATITUDE|LONGITUDE|GMTOFF|DSTOFF|TIMEZONE|CC|REGION|LAST_CHANGED|LEID|EUID|NOTES|TAGS"
)
MAILCHIMP_UNSUBSCRIBED = (
    *MAILCHIMP[:17],
    *headings("UNSUB_TIME|UNSUB_CAMPAIGN_TITLE|UNSUB_CAMPAIGN_ID|UNSUB_REASON|UNSUB_REASON_OTHER"),
    *MAILCHIMP[17:],
)
MAILCHIMP_CLEANED = (*MAILCHIMP[:17], *headings("CLEAN_TIME|CLEAN_CAMPAIGN_TITLE|CLEAN_CAMPAIGN_ID"), *MAILCHIMP[17:])
SQUARE_ITEMS = headings(
    "Date|Time|Time Zone|Category|Item|Qty|Price Point Name|SKU|Modifiers Applied|Gross Sales|Discounts|Net Sales|Tax|"
    "Transaction ID|Payment ID|Device Name|Notes|Details|Event Type|Location|Dining Option|Customer ID|Customer Name|"
    "Customer Reference ID"
)
SQUARE_TRANSACTIONS = headings(
    "Date|Time|Time Zone|Gross Sales|Discounts|Net Sales|Gift Card Sales|Tax|Tip|Partial Refunds|Total Collected|"
    "Source|Card|Card Entry Methods|Cash|Fees|Net Total|Transaction ID|Payment ID|Card Brand|PAN Suffix|Device Name|"
    "Staff Name|Staff ID|Details|Description|Event Type|Location|Customer ID|Customer Name|Customer Reference ID"
)
ETSY_ORDERS = headings(
    "Sale Date|Order ID|Buyer User ID|Full Name|First Name|Last Name|Number of Items|Payment Method|Date Shipped|"
    "Street 1|Street 2|Ship City|Ship State|Ship Zipcode|Ship Country|Currency|Order Value|Coupon Code|Coupon Details|"
    "Discount Amount|Shipping Discount|Shipping|Sales Tax|Order Total|Status|Card Processing Fees|Order Net|Buyer|SKU"
)
ETSY_ITEMS = headings(
    "Sale Date|Item Name|Buyer|Quantity|Price|Coupon Code|Discount Amount|Order Shipping|Order Sales Tax|Item Total|"
    "Currency|Transaction ID|Listing ID|Date Paid|Date Shipped|Ship Name|Ship City|Ship Country|Order ID|Variations|SKU"
)
STRIPE_PAYMENTS = headings(
    "id|Description|Seller Message|Created (UTC)|Amount|Amount Refunded|Currency|Converted Amount|Fee|Mode|Status|"
    "Statement Descriptor|Customer ID|Customer Description|Customer Email|Captured|Card ID|Card Last4|Card Brand|"
    "Card Funding|Card Exp Month|Card Exp Year|Card Name|Card Issue Country|Invoice ID|Transfer"
)
STRIPE_CUSTOMERS = headings(
    "id|Description|Email|Name|Created (UTC)|Card ID|Card Last4|Card Brand|Card Exp Month|Delinquent|Total Spend|"
    "Payment Count|Average Order"
)
HUBSPOT_CONTACTS = headings(
    "Record ID|First Name|Last Name|Email|Phone Number|Lifecycle Stage|Lead Status|Create Date|Last Modified Date|"
    "Original Source|Contact owner|Unsubscribed from all email|Legal basis for processing contact's data"
)
WOO_ORDERS = headings(
    "Date|Order #|N. Revenue (formatted)|Status|Customer|Customer type|Product(s)|Items sold|Coupon(s)|Net Sales|"
    "Attribution"
)
WOO_CUSTOMERS = headings(
    "Name|Username|Last Active|Sign Up|Email|Orders|Total Spend|AOV|Country / Region|City|Region|Postal Code"
)
WOO_PLUG_IN = headings(
    "order_id|order_number|order_date|paid_date|status|shipping_total|tax_total|discount_total|order_total|"
    "order_subtotal|order_currency|payment_method|customer_id|customer_email|billing_first_name|billing_last_name|"
    "billing_phone|billing_country|customer_note|line_item_1|line_item_2"
)


def table(headings: Sequence[str], rows: Iterable[Mapping[str, str]], separator: str = ",") -> str:
    """A file with some cells of each row filled."""
    text = io.StringIO()
    writer = csv.DictWriter(text, headings, restval="", delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
