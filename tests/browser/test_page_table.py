"""The table of a report's page."""

from pages import Page
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


def test_a_header_sorts_up_and_down_with_what_has_no_number_last(opened: Page):
    head = opened.one('[data-column="metrics.style_distance"]')
    button = head.find_element(By.TAG_NAME, "button")
    button.send_keys(Keys.ENTER)
    assert head.get_attribute("aria-sort") == "ascending"
    *first, last = opened.rows()
    assert (first[:2], last) == (["6", "7"], "15")
    button.click()
    assert head.get_attribute("aria-sort") == "descending"
    *first, last = opened.rows()
    assert (first[:2], last) == (["9", "8"], "15")
