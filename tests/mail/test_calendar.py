"""The calendar files of patients' mails, read by another program's parser (icalendar): what they say, and that a move and a
cancellation are about the same entry. Run by tests/tools/mail.

Must not be here: how they are written (domain/calendar_file.rs); the samples are what is sent (actors/mail/patient_tests.rs)."""
import datetime, pathlib, unittest

from icalendar import Calendar

SAMPLES = pathlib.Path(__file__).parent / "samples"
UTC = datetime.timezone.utc


def read(name):
    data = (SAMPLES / f"{name}.ics").read_bytes()
    calendar = Calendar.from_ical(data)
    [event] = calendar.walk("VEVENT")
    return data, calendar, event


class Files(unittest.TestCase):
    def test_a_booking(self):
        data, calendar, event = read("booked")
        self.assertEqual(calendar["METHOD"], "PUBLISH")
        self.assertEqual(calendar["VERSION"], "2.0")
        self.assertFalse(event.errors)
        self.assertEqual(event["SUMMARY"], "Rendez-vous")
        self.assertEqual(event["LOCATION"], "Résidence « Les Tilleuls », bâtiment B; 12, avenue de la République, 69003 Lyon")
        self.assertEqual(event.decoded("DTSTART"), datetime.datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
        self.assertEqual(event.decoded("DTEND"), datetime.datetime(2026, 11, 23, 8, 30, tzinfo=UTC))
        self.assertEqual(event["DESCRIPTION"], 'Cabinet : Cabinet "de la" Gare; étage 2, porte B\n\nUne question ? Appelez le 01\u00a099\u00a000\u00a012\u00a034.')
        self.assertEqual(event["ORGANIZER"].params["CN"], "Cabinet de la Gare; étage 2, porte B")
        self.assertTrue(str(event["ORGANIZER"]).startswith("mailto:"))
        for line in data.split(b"\r\n"):
            self.assertLessEqual(len(line), 75)
        self.assertNotIn(b"\n", data.replace(b"\r\n", b""))

    def test_a_move_and_a_cancellation_are_of_the_same_entry_and_newer(self):
        events = {name: read(name) for name in ("booked", "moved", "cancelled")}
        self.assertEqual(len({str(event["UID"]) for _, _, event in events.values()}), 1)
        self.assertEqual(len({str(event["ORGANIZER"]) for _, _, event in events.values()}), 1)
        sequences = [int(event["SEQUENCE"]) for _, _, event in events.values()]
        self.assertEqual(sequences, sorted(set(sequences)))
        self.assertEqual(events["moved"][2].decoded("DTSTART"), datetime.datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
        _, calendar, event = events["cancelled"]
        self.assertEqual((calendar["METHOD"], event["STATUS"]), ("CANCEL", "CANCELLED"))


if __name__ == "__main__":
    unittest.main()
