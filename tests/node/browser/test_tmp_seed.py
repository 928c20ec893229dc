import time
def test_seed(seeded):
    print(seeded.ids)
    with seeded.client("staff") as c:
        for p in ["/jobs/"+seeded.ids["failed"], "/jobs/"+seeded.ids["done"]]:
            import re
            print(re.sub(r"\s+"," ",re.sub("<[^>]+>"," ",c.get(p).text))[:1500])
