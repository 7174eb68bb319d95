"""Whatever bytes come: a sentence that says what helps, or a report that adds up; never anything else."""

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodwill.basics.errors import GoodwillError

FILES = [
    b"""order_id,customer_id,ordered_at,product_id,product_name,quantity,amount,currency
1001,amina,2026-03-02 08:15:00+01:00,P1,Rye loaf,1,3.40,EUR
1001,amina,2026-03-02 08:15:00+01:00,P2,"Cro,issant",2,2.80,EUR
1002,chiara,2026-03-02 09:00:00+01:00,P1,Rye loaf,0.5,1.70,EUR
""",
    b"""user_id;first_name;email;phone;city
amina;Amina;amina@example.org;030 1234567;Berlin
bruno;"Bru""no";bruno@example.org;;Bonn
""",
    b"""user_id,purpose,data_category,state,said_at,notice,source
amina,offers,,given,2026-03-02T08:00:00Z,n1,website
bruno,offers,purchases,withdrawn,2026-03-02T08:00:00Z,n1,website
""",
    b"product_id\tname\tcategory\tprice\tstock\ttags\nP1\tRye\tBread\t3.40\t5\ta;b\nP2\tBun\tBread\t0.80\t0\t\n",
    b"order_id,user_id,ordered_at,total,currency\n1,amina,2026-03-02,6.20,EUR\n2,,2026-03-02,1.70,\n",
]
ODD = [
    b'"', b",", b";", b"\n", b"\r", b"\0", b"\xff", b"\xe4", b"'", b"=", b"-", b"9" * 30, b"NaN", b"\xef\xbb\xbf",
    b"1e5", b"\xc3", b"null", b"\x1a", b"\xf0\x9f\x98\x80", b"inf", b"0000-00-00", b"24:61", b"\xed\xa0\x80",
    b"9999-12-31",
]  # fmt: skip
CHANGES = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(ODD), st.integers(0, 6)), min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.sampled_from(FILES), CHANGES)
def test_no_bytes_make_the_importer_stumble(desk, write, content, changes):
    for place, odd, lost in changes:
        here = place % (len(content) + 1)
        content = content[:here] + odd + content[here + lost :]
    report = None
    with contextlib.suppress(GoodwillError):
        report = desk.take(write("any.csv", content), dry_run=True)
    if report is not None:
        assert report.rows == report.kept + report.unchanged + report.rejected + report.skipped
        assert all(one.problem and one.remedy for one in report.rejects)
    assert desk.count("imports") == 0
